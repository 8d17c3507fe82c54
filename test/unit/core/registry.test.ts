import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Registry } from '../../../src/core/registry.js';
import { at, beat, relay, state, taken } from './support.js';

describe('epoch and seq order everything', () => {
  test('a state of an older epoch changes nothing', () => {
    const registry = new Registry();
    assert.equal(taken(registry, 'web', state({ epoch: 20 }), 1), true);
    const before = structuredClone(registry.get('web'));
    assert.equal(taken(registry, 'web', state({ epoch: 19, phase: 'failed' }), 2), false);
    assert.deepEqual(registry.get('web'), before);
    assert.equal(taken(registry, 'web', state({ epoch: 20, phase: 'backoff' }), 3), true);
    assert.equal(taken(registry, 'web', state({ epoch: 21, phase: 'running' }), 4), true);
    assert.equal(registry.get('web')?.epoch, 21);
  });

  test('the late will of an older epoch does not take down its successor', () => {
    const registry = new Registry();
    taken(registry, 'web', state({ epoch: 10 }), 1);
    registry.applyBeat('web', beat({ epoch: 11 }), at(2));
    assert.equal(taken(registry, 'web', state({ epoch: 10, link: 'lost', reason: 'will' }), 3), false);
    assert.deepEqual([registry.get('web')?.link, registry.get('web')?.cause], ['online', null]);
  });

  test('a heartbeat counts once, in order of seq; a new epoch begins at any seq', () => {
    const registry = new Registry();
    const cases: [epoch: number, seq: number, taken: boolean][] = [
      [10, 5, true],
      [10, 5, false], // delivered twice
      [10, 4, false], // sat in a queue
      [10, 7, true], // 6 was lost
      [11, 1, true],
      [10, 8, false],
      [11, 2, true],
    ];
    for (const [index, [epoch, seq, wanted]] of cases.entries()) {
      const applied = registry.applyBeat('web', beat({ epoch, seq }), at(index));
      assert.equal(!applied.stale, wanted, `${epoch}/${seq}`);
    }
    assert.deepEqual([registry.get('web')?.beat?.seq, registry.get('web')?.seenAt], [2, at(6)]);
  });

  test('a new epoch brings a lost node back by its heartbeat, the same epoch does not', () => {
    const registry = new Registry();
    taken(registry, 'web', state(), 1);
    taken(registry, 'web', state({ link: 'lost', reason: 'timeout' }), 2);
    registry.applyBeat('web', beat({ epoch: 10, seq: 9 }), at(3));
    assert.equal(registry.get('web')?.link, 'lost');
    registry.applyBeat('web', beat({ epoch: 11, seq: 1 }), at(4));
    assert.deepEqual([registry.get('web')?.link, registry.get('web')?.linkAt], ['online', at(4)]);
  });
});

test('applying says where the link came from; null for one that was not known', () => {
  const registry = new Registry();
  const froms = [state(), state({ link: 'lost' }), state({ link: 'offline' }), state()].map(
    (report, index) => {
      const applied = registry.applyState('web', report, at(index));
      return applied.stale ? 'stale' : applied.from;
    },
  );
  assert.deepEqual(froms, [null, 'online', 'lost', 'offline']);
});

test('the first cause of a loss stands, until it comes back', () => {
  const registry = new Registry();
  const lost = (reason: string) => state({ link: 'lost', reason });
  const cause = () => [
    registry.get('web')?.cause,
    registry.get('web')?.reason,
    registry.get('web')?.linkAt.mono,
  ];
  taken(registry, 'web', state(), 1);
  taken(registry, 'web', lost('timeout'), 2);
  assert.deepEqual(cause(), ['timeout', 'timeout', 2]);
  taken(registry, 'web', lost('will'), 3);
  assert.deepEqual(cause(), ['timeout', 'timeout', 2]);
  taken(registry, 'web', state({ reason: 'heard again' }), 4);
  assert.deepEqual(cause(), [null, 'heard again', 4]);
  taken(registry, 'web', lost('will'), 5);
  assert.deepEqual(cause(), ['will', 'will', 5]);
});

test('a loss keeps the last known facts', () => {
  const registry = new Registry();
  taken(registry, 'web', state({ phase: 'running', health: 'warning' }), 1);
  taken(registry, 'web', { epoch: 10, kind: 'leaf', link: 'lost', reason: 'will' }, 2);
  const { phase, health, pid, app } = registry.get('web') ?? {};
  assert.deepEqual({ phase, health, pid, app }, { phase: 'running', health: 'warning', pid: 41, app: 'web' });
});

test('how a target ended is not said of the one that runs after it', () => {
  const registry = new Registry();
  const end = () => [registry.get('web')?.exitCode, registry.get('web')?.signal];
  taken(registry, 'web', state({ phase: 'backoff', signal: 'SIGKILL', pid: null }), 1);
  assert.deepEqual(end(), [null, 'SIGKILL']);
  taken(registry, 'web', state({ phase: 'backoff', exitCode: 3, pid: null }), 2);
  assert.deepEqual(end(), [3, null]);
  taken(registry, 'web', state({ phase: 'running' }), 3);
  assert.deepEqual(end(), [null, null]);
});

test('a relay has no facts of a target', () => {
  const registry = new Registry();
  taken(registry, 'rack1', relay(), 1);
  const { kind, phase, health, pid, app } = registry.get('rack1') ?? {};
  assert.deepEqual([kind, phase, health, pid, app], ['relay', null, null, null, null]);
});
