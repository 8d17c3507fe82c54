import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { BeatReport, StateReport } from '../../../src/core/node-record.js';
import { Registry } from '../../../src/core/registry.js';
import { ageOf, placeOf, wordOf } from '../../../src/core/said.js';
import { at, beat, relay, state } from './support.js';

const known = (more: Partial<Parameters<typeof ageOf>[1]>): Parameters<typeof ageOf>[1] => ({
  epoch: 10,
  said: null,
  beat: null,
  ...more,
});

test('states are ordered by epoch, seq and rev; what a heartbeat has overtaken is past', () => {
  const said = { epoch: 10, seq: 5, rev: 1 };
  const beats = beat({ seq: 20, stateSeq: 7 });
  const cases: [Partial<StateReport>, Partial<Parameters<typeof ageOf>[1]>, string][] = [
    [{}, {}, 'news'],
    [{ epoch: 9 }, {}, 'old'],
    [{ epoch: 9, seq: 3 }, {}, 'past'],
    [{ seq: 5, rev: 1 }, { said }, 'same'],
    [{ seq: 5 }, { said }, 'old'],
    [{ seq: 4, rev: 9 }, { said }, 'old'],
    [{ seq: 5, rev: 2 }, { said }, 'news'],
    [{ seq: 6 }, { said }, 'news'],
    [{ epoch: 9, seq: 9 }, { said }, 'old'],
    [{ epoch: 11, seq: 1 }, { said }, 'news'],
    [{}, { said }, 'news'],
    [{ seq: 6 }, { said, beat: beats }, 'past'],
    [{ seq: 7 }, { said, beat: beats }, 'news'],
    [{}, { said, beat: beats }, 'news'],
    [{ seq: 7, rev: 1, beat: 19, link: 'lost' }, { said, beat: beats }, 'past'],
    [{ seq: 7, rev: 1, beat: 20, link: 'lost' }, { said, beat: beats }, 'news'],
    [{ seq: 7, rev: 2, beat: 19 }, { said, beat: beats }, 'news'],
    [{ seq: 6, rev: 2, beat: 19 }, { said, beat: beats }, 'past'],
    [{ seq: 6, rev: 2, beat: 20 }, { said, beat: beats }, 'news'],
    [{ seq: 1, epoch: 11 }, { said, epoch: 12 }, 'past'],
  ];
  for (const [report, of, age] of cases)
    assert.equal(ageOf(state(report), known(of)), age, JSON.stringify([report, of]));
});

test('what has no number comes right after what was said before it', () => {
  const said = { epoch: 10, seq: 5, rev: 1 };
  assert.deepEqual(placeOf(state(), said), { epoch: 10, seq: 5, rev: 2 });
  assert.deepEqual(placeOf(state({ epoch: 11 }), said), { epoch: 11, seq: -1, rev: 1 });
});

test('a word of the parent follows the newest state, also one known by a heartbeat only', () => {
  const said = { epoch: 10, seq: 5, rev: 1 };
  const cases: [Partial<Parameters<typeof ageOf>[1]>, lost: object, online: object][] = [
    [{ said }, { seq: 5, rev: 2 }, { seq: 5, rev: 2 }],
    [
      { said, beat: beat({ seq: 8, stateSeq: 5 }) },
      { seq: 5, rev: 2, beat: 8 },
      { seq: 5, rev: 2, beat: 8 },
    ],
    [
      { said, beat: beat({ seq: 8, stateSeq: 6 }) },
      { seq: 6, rev: 1, beat: 8 },
      { seq: 5, rev: 2, beat: 8 },
    ],
    [{ beat: beat({ seq: 8, stateSeq: 6 }) }, { seq: 6, rev: 1, beat: 8 }, { seq: 0, rev: 1, beat: 8 }],
    [{ said: { ...said, epoch: 9 } }, {}, {}],
    [{ said: { ...said, seq: -1 } }, {}, {}],
    [{}, {}, {}],
  ];
  for (const [of, lost, online] of cases) {
    assert.deepEqual(wordOf(known(of), 'lost', null), lost, JSON.stringify(of));
    assert.deepEqual(wordOf(known(of), 'online', null), online, JSON.stringify(of));
  }
  assert.deepEqual(wordOf(known({ said }), 'lost', 77), { seq: 5, rev: 78 }, 'of a parent that began anew');
});

describe('a state that comes late', () => {
  test('changes no fact that a newer heartbeat has told, and is not refused', () => {
    const registry = new Registry();
    registry.applyState('a/web', state({ seq: 1 }), at(1));
    registry.applyBeat('a/web', beat({ seq: 9, stateSeq: 3, phase: 'running', pid: 43 }), at(2));
    const late = registry.applyState('a/web', state({ seq: 2, phase: 'backoff', pid: null }), at(3));
    assert.deepEqual([late.stale, !late.stale && late.past], [false, true]);
    const record = registry.get('a/web');
    assert.deepEqual([record?.phase, record?.pid, record?.seenAt], ['running', 43, at(2)]);
    assert.equal(registry.applyState('a/web', state({ seq: 2 }), at(4)).stale, true);
    const last = registry.applyState('a/web', state({ seq: 3, pid: 43, labels: { zone: 'b' } }), at(5));
    assert.equal(!last.stale && last.past, undefined);
    assert.deepEqual(registry.get('a/web')?.labels, { zone: 'b' });
  });

  test('a loss from before a heartbeat loses nobody, and a heartbeat from after it finds him again', () => {
    const registry = new Registry();
    const link = () => registry.get('a/web')?.link;
    registry.applyState('a/web', state({ seq: 1 }), at(1));
    registry.applyBeat('a/web', beat({ seq: 9, stateSeq: 1 }), at(2));
    registry.applyState('a/web', state({ seq: 1, rev: 1, beat: 8, link: 'lost' }), at(3));
    assert.equal(link(), 'online');
    registry.applyState('a/web', state({ seq: 1, rev: 3, beat: 9, link: 'lost' }), at(4));
    assert.equal(link(), 'lost');
    registry.applyBeat('a/web', beat({ seq: 10, stateSeq: 1 }), at(5));
    assert.equal(link(), 'online');
  });

  test('a parent that has heard no heartbeat since its own restart is believed about a loss', () => {
    const registry = new Registry();
    registry.applyState('a/b', relay({ seq: 1 }), at(1));
    registry.applyBeat('a/b', beat({ seq: 40, stateSeq: 1 }), at(2));
    const { said, epoch } = registry.get('a/b') ?? { said: null, epoch: null };
    const word = wordOf({ said, epoch, beat: null }, 'lost', 99);
    registry.applyState('a/b', relay({ ...word, link: 'lost' }), at(3));
    assert.equal(registry.get('a/b')?.link, 'lost');
  });

  test('told again, it still stands: it is heard, and no more', () => {
    const registry = new Registry();
    registry.applyState('a', relay({ seq: 1 }), at(1));
    registry.applyState('a/web', state({ seq: 1 }), at(1));
    assert.equal(registry.applyState('a/web', state({ seq: 1 }), at(7)).stale, true);
    assert.equal(registry.get('a/web')?.heardAt?.mono, 7);
  });
});

/** What a leaf and its parent tell in turn: true news, each on its channel. */
type Told = { readonly state: StateReport } | { readonly beat: BeatReport };

/** A leaf that changes, restarts, is lost and is heard again, as its parent tells it. */
function life(acts: readonly number[]): Told[] {
  const parent = new Registry();
  const told: Told[] = [];
  let [epoch, seq, beats, moment] = [10, 0, 0, 0];
  const say = (report: StateReport) => {
    parent.applyState('web', report, at(++moment));
    told.push({ state: report });
  };
  const own = (pid: number) => say(state({ epoch, seq: ++seq, pid, phase: pid % 2 ? 'running' : 'backoff' }));
  own(1);
  for (const [index, act] of acts.entries()) {
    const record = parent.get('web');
    if (!record) throw new Error('known from the first state on');
    const facts = { epoch, kind: 'leaf', pid: record.pid, phase: record.phase ?? 'running' } as const;
    if (act === 0) own(index + 2);
    else if (act === 1) {
      [epoch, seq, beats] = [epoch + 1, 0, 0];
      own(index + 2);
    } else if (act === 2 && record.link === 'online')
      say(state({ ...facts, ...wordOf(record, 'lost', 0), link: 'lost', reason: 'timeout' }));
    else {
      const { pid, phase } = facts;
      const hb = beat({ epoch, seq: ++beats, stateSeq: seq, pid, phase });
      parent.applyBeat('web', hb, at(++moment));
      told.push({ beat: hb });
      if (record.link === 'lost')
        say(state({ ...facts, ...wordOf(record, 'online', 0), reason: 'heard again' }));
    }
  }
  return told;
}

const newest = (registry: Registry) => {
  const { epoch, link, phase, pid } = registry.get('rack/web') ?? {};
  return { epoch, link, phase, pid };
};
const apply = (registry: Registry, told: Told, moment: number) =>
  'state' in told
    ? registry.applyState('rack/web', told.state, at(moment))
    : registry.applyBeat('rack/web', told.beat, at(moment));

test('however states, late and again, and heartbeats, lost at times, fall between each other: the end is the newest', () => {
  const arbAct = fc.integer({ min: 0, max: 4 });
  const arbRun = fc.record({
    acts: fc.array(arbAct, { maxLength: 25 }),
    // How the two channels mix, which heartbeats are lost, and where states are sent again from.
    mix: fc.infiniteStream(fc.boolean()),
    lost: fc.infiniteStream(fc.boolean()),
    again: fc.array(fc.tuple(fc.nat({ max: 30 }), fc.nat({ max: 5 })), { maxLength: 3 }),
  });
  fc.assert(
    fc.property(arbRun, ({ acts, mix, lost, again }) => {
      const told = life(acts);
      const direct = new Registry();
      for (const [index, each] of told.entries()) apply(direct, each, index);
      let states = told.filter(each => 'state' in each);
      for (const [place, back] of again) {
        const end = Math.min(place, states.length);
        states = [...states.slice(0, end), ...states.slice(Math.max(0, end - back))];
      }
      const beats = told.filter(each => 'beat' in each && !lost.next().value);
      const registry = new Registry();
      for (let moment = 0; states.length + beats.length > 0; moment++) {
        const takesState = beats.length === 0 || (states.length > 0 && mix.next().value);
        apply(registry, (takesState ? states.shift() : beats.shift()) as Told, moment);
      }
      assert.deepEqual(newest(registry), newest(direct));
    }),
    { numRuns: 2000 },
  );
});
