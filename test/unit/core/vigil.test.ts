import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Observation } from '../../../src/core/observation.js';
import { Registry } from '../../../src/core/registry.js';
import { verdict } from '../../../src/core/verdict.js';
import { type Sleep, Vigil } from '../../../src/core/vigil.js';
import { at, beat, state } from './support.js';

/** Ms between two looks. */
const PERIOD = 1000;

test('a sleep is a gap of more than three periods between two looks, or since the last one', () => {
  const cases: [looks: number[], asked: number, sleep: Sleep | null][] = [
    [[], 1e6, null],
    [[0], 3000, null],
    [[0], 3001, { from: 0, until: 3001 }],
    [[0, 3000], 3500, null],
    [[0, 3001], 3500, { from: 0, until: 3001 }],
    [[0, 9000, 10_000], 10_500, { from: 0, until: 9000 }],
    [[0, 9000, 10_000], 20_000, { from: 10_000, until: 20_000 }],
    [[0, 9000, 10_000, 20_000, 21_000], 21_000, { from: 10_000, until: 20_000 }],
  ];
  for (const [looks, asked, sleep] of cases) {
    const vigil = new Vigil(PERIOD);
    for (const mono of looks) vigil.look(mono);
    assert.deepEqual(vigil.sleep(asked), sleep, JSON.stringify([looks, asked]));
  }
});

/** An observer that looks every second until 100 s, sleeps until 160 s, and looks on; a leaf that beats every 3 s until 99 s. */
function slept() {
  let mono = 0;
  const vigil = new Vigil(PERIOD);
  const registry = new Registry({ mono: () => mono, graceMs: 6000, vigil });
  const observation = new Observation({ registry, intervalMs: 3000, settledAt: 0 });
  const told: string[] = [];
  const note = (it: ReturnType<typeof observation.look>) => it && told.push(`${it.from}>${it.to}`);
  const pass = (until: number) => {
    for (; mono < until; mono += 1000) {
      vigil.look(mono);
      for (const each of observation.late(at(mono))) note(each);
    }
    mono = until;
  };
  const status = () => verdict(registry, registry.get('web') as never).status;
  const says = (report: Parameters<typeof state>[0]) => {
    registry.applyState('web', state(report), at(mono));
    note(observation.look('web', at(mono)));
  };
  const beats = (seq: number) => {
    registry.applyBeat('web', beat({ seq, interval: 3 }), at(mono));
    note(observation.look('web', at(mono)));
  };
  pass(99_000);
  says({});
  beats(1);
  pass(100_001);
  mono = 160_000;
  return { pass, status, says, beats, told };
}

describe('a child whose will fires on account of a sleep of its parent', () => {
  for (const [when, looked] of [
    ['before the parent has looked', false],
    ['after it', true],
  ] as const) {
    test(`${when}: is unknown for its grace of two intervals, and then down`, () => {
      const { pass, status, says, told } = slept();
      if (looked) pass(160_001);
      says({ link: 'lost', reason: 'will' });
      assert.equal(status(), 'unknown');
      pass(165_999);
      assert.deepEqual([status(), told], ['unknown', ['null>up']]);
      pass(168_000);
      assert.deepEqual([status(), told], ['down', ['null>up', 'up>down']]);
    });

    test(`${when}: that is back within its grace is told of by nothing`, () => {
      const { pass, status, says, beats, told } = slept();
      if (looked) pass(160_001);
      says({ link: 'lost', reason: 'will' });
      pass(163_000);
      says({ epoch: 11 });
      beats(2);
      pass(200_000);
      assert.deepEqual([status(), told], ['up', ['null>up']]);
    });
  }

  test('one that was lost before the sleep, or well after it, is down at once', () => {
    const before = slept();
    const { pass, status, says, told } = before;
    pass(167_000);
    says({ link: 'lost', reason: 'will' });
    assert.deepEqual([status(), told], ['down', ['null>up', 'up>down']]);

    let mono = 0;
    const vigil = new Vigil(PERIOD);
    const registry = new Registry({ mono: () => mono, vigil });
    vigil.look(0);
    registry.applyState('web', state({ link: 'lost', reason: 'will' }), at(0));
    mono = 1000;
    vigil.look(mono);
    mono = 60_000;
    assert.equal(verdict(registry, registry.get('web') as never).status, 'down');
  });
});
