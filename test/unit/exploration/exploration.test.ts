/**
 * The logic of verdicts and epochs, all of it that is pure, in a small world: a root, a relay, a leaf, two lines. Whatever happens
 * to them in whatever order, up to a number of moves, what must hold does, and from wherever they are the truth is reached.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutOff, diedHidden, diedUnseen, Exploration, restarted, settled } from './explore.js';
import { World } from './world.js';

/** Moves more than in every run: each makes it five times as many worlds. */
const DEEPER = Number(process.env.CANOPY_TEST_DEEPER ?? 0);
/** Intervals in which the truth is reached: a timeout is two of them. */
const MOST = 4;

const ON_ITS_WAY = /^r (killed|starts)|frozen|thawed|^l (killed|notices|will|connects)|changes/;

const RUNS: [what: string, start: () => World, depth: number, without: RegExp, worlds: number][] = [
  ['whatever happens to a settled tree', settled, 4, /^$/, 2500],
  ['whatever happens while a tree comes up', World.begin, 3, /^$/, 500],
  ['a relay is back, and its leaf was restarted meanwhile', restarted, 4, ON_ITS_WAY, 500],
  ['a relay is back, and its leaf was cut off meanwhile', cutOff, 4, ON_ITS_WAY, 500],
  ['a line is healed, and a leaf behind it has died', diedHidden, 3, /^$/, 300],
  ['a root starts, and its relay has died', diedUnseen, 3, /^$/, 150],
  ['leaf and relay die, start and change', settled, 4, /^r |cut|healed|frozen|thawed/, 300],
  ['lines are cut, and nodes freeze', settled, 5, /killed|starts|changes/, 1000],
];

for (const [what, start, depth, without, worlds] of RUNS)
  test(`${what}: nothing older wins, no verdict is wrong beyond its bound, and the truth is reached`, t => {
    const found = new Exploration(name => !without.test(name), MOST).from(start(), depth + DEEPER);
    t.diagnostic(
      `${found.worlds} worlds in ${depth + DEEPER} moves (${found.perDepth.join(', ')}), true within ${found.longest} intervals`,
    );
    assert.ok(found.worlds >= worlds, `only ${found.worlds} worlds`);
  });
