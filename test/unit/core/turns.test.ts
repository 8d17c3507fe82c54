import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { emptyLine, enter, type Line, leave, type Turn } from '../../../src/core/turns.js';

interface It {
  readonly id: string;
  readonly turn: Turn;
}
const TURN_OF: Record<string, Turn> = { p: 'at-once', g: 'in-turn', r: 'replaceable', s: 'overtaking' };
const it = (id: string): It => ({ id, turn: TURN_OF[id[0] as string] as Turn });
const ids = (of: readonly It[]) => of.map(({ id }) => id).join(' ');

describe('who comes to a line of', () => {
  // [current and waiting, who comes, begins, superseded, cut, current and waiting then]
  const CASES: [
    before: string,
    comes: string,
    begin: string,
    superseded: string,
    cut: string,
    then: string,
  ][] = [
    ['', 'r1', 'r1', '', '', 'r1'],
    ['', 's1', 's1', '', '', 's1'],
    ['', 'p1', 'p1', '', '', ''],
    ['r1 r2', 'p1', 'p1', '', '', 'r1 r2'],
    ['r1', 'r2', '', '', '', 'r1 r2'],
    ['r1', 'g1', '', '', '', 'r1 g1'],
    ['s1', 'r1', '', '', '', 's1 r1'],
    ['r1', 's1', '', '', 'r1', 'r1 s1'],
    ['r1 r2 r3', 's1', '', 'r2 r3', 'r1', 'r1 s1'],
    ['r1 g1 r2 g2', 's1', '', 'r2', 'r1', 'r1 g1 g2 s1'],
    ['g1 r1', 's1', '', 'r1', '', 'g1 s1'],
    ['s1 r1', 's2', '', 'r1', '', 's1 s2'],
    ['r1 g1 g2 g3', 'g4', 'full', '', '', 'r1 g1 g2 g3'],
    ['r1 g1 g2 g3', 's1', 'full', '', '', 'r1 g1 g2 g3'],
    ['r1 g1 r2 g2', 's1', '', 'r2', 'r1', 'r1 g1 g2 s1'],
    ['r1 g1 g2 g3', 'p1', 'p1', '', '', 'r1 g1 g2 g3'],
  ];
  for (const [before, comes, begin, superseded, cut, then] of CASES) {
    test(`"${before}": ${comes}`, () => {
      const [current = null, ...waiting] = before.split(' ').filter(Boolean).map(it);
      const found = enter({ current, waiting }, it(comes), 3);
      if (begin === 'full') return assert.equal(found, null);
      assert.ok(found);
      const line = [...(found.line.current ? [found.line.current] : []), ...found.line.waiting];
      assert.deepEqual(
        [found.begin?.id ?? '', ids(found.superseded), found.cut?.id ?? '', ids(line)],
        [begin, superseded, cut, then],
      );
    });
  }
});

test('the next begins when the current one ends, and when no other does', () => {
  const [a, b, p] = [it('r1'), it('r2'), it('p1')];
  const line = { current: a, waiting: [b] };
  assert.deepEqual(leave(line, p), { line, begin: null });
  assert.deepEqual(leave(line, a), { line: { current: b, waiting: [] }, begin: b });
  assert.deepEqual(leave({ current: b, waiting: [] }, b), { line: emptyLine, begin: null });
});

test('whatever comes and ends: one at a time, in order, each with one fate, a stop never behind what it replaces', () => {
  const MOST = 4;
  const arbMove = fc.oneof({ weight: 2, arbitrary: fc.constantFrom('p', 'g', 'r', 's') }, fc.constant('end'));
  fc.assert(
    fc.property(fc.array(arbMove, { maxLength: 60 }), moves => {
      let line: Line<It> = emptyLine;
      const begun: It[] = [];
      const superseded: It[] = [];
      const refused: It[] = [];
      const cut: It[] = [];
      const came: It[] = [];
      moves.forEach((move, n) => {
        if (move === 'end') {
          const before = line.current;
          const next = leave(line, before as It);
          line = next.line;
          if (next.begin) begun.push(next.begin);
          return;
        }
        const one = it(`${move}${n}`);
        came.push(one);
        const entered = enter(line, one, MOST);
        if (entered === null) {
          refused.push(one);
          return;
        }
        line = entered.line;
        if (entered.begin) begun.push(entered.begin);
        superseded.push(...entered.superseded);
        if (entered.cut) cut.push(entered.cut);
        assert.ok(line.waiting.length <= MOST);
        assert.ok(line.current !== null || line.waiting.length === 0);
        const stop = line.waiting.findLastIndex(({ turn }) => turn === 'overtaking');
        assert.ok(!line.waiting.slice(0, stop + 1).some(({ turn }) => turn === 'replaceable'));
      });
      const fates = [...begun, ...superseded, ...refused, ...line.waiting];
      assert.deepEqual(ids(fates.toSorted(byId)), ids(came.toSorted(byId)), 'one fate each');
      const inTurn = begun.filter(({ turn }) => turn !== 'at-once');
      assert.deepEqual(ids(inTurn), ids(inTurn.toSorted(byId)), 'in the order in which they came');
      assert.ok([...superseded, ...cut].every(({ turn }) => turn === 'replaceable'));
      assert.ok(begun.filter(({ turn }) => turn === 'at-once').length === countOf(came, 'at-once'));
    }),
  );
});

const byId = (a: It, b: It): number => Number(a.id.slice(1)) - Number(b.id.slice(1));
const countOf = (of: readonly It[], turn: Turn): number => of.filter(it => it.turn === turn).length;
