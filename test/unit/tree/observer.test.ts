import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { maintenanceAt } from '../../../src/core/maintenance.js';
import type { Told } from '../../../src/core/observation.js';
import { Registry } from '../../../src/core/registry.js';
import type { Transition } from '../../../src/core/transition.js';
import type { Payloads } from '../../../src/protocol/payloads.js';
import { Ingest } from '../../../src/tree/ingest.js';
import { Observer } from '../../../src/tree/observer.js';
import { beatOf, by, EPOCH, message, stateOf, TestClock } from './support.js';

/** Interval of every node, and of the observer, in seconds. */
const BEAT = 3;

class Watched {
  readonly clock = new TestClock();
  readonly told: Transition[] = [];
  readonly lifted: string[] = [];
  readonly registry: Registry;
  private readonly ingest: Ingest;
  readonly observer: Observer;
  private seq = 0;

  constructor(recalled: Record<string, Partial<Told>> = {}) {
    this.registry = new Registry({ mono: this.clock.mono });
    const { registry } = this;
    this.ingest = new Ingest(registry, this.clock, () => false);
    this.observer = new Observer({
      registry,
      clock: this.clock,
      intervalMs: BEAT * 1000,
      settleMs: 10_000,
      clockSkewMs: 5000,
      lifted: record => this.ingest.lifted(record),
    });
    this.ingest.listen({ lifted: ({ path }) => this.lifted.push(path) });
    this.observer.listen(transition => this.told.push(transition));
    for (const [path, told] of Object.entries(recalled)) this.observer.recall(path, { ...TOLD, ...told });
    this.ingest.listen(this.observer);
  }

  state(path: string, more: Partial<Payloads['state']> = {}): void {
    const said = stateOf({ ts: this.clock.now(), ...more });
    this.ingest.receive(message(`canopy/${path}/state`, said, true), by());
  }
  relay(path: string, more: Partial<Payloads['state']> = {}): void {
    this.state(path, { kind: 'relay', app: null, ...more });
  }
  lost(path: string): void {
    this.relay(path, { link: 'lost', reason: 'timeout' });
  }
  beat(path: string, more: Partial<Payloads['hb']> = {}): void {
    this.seq += 1;
    const beat = beatOf({ seq: this.seq, interval: BEAT, ts: this.clock.now(), ...more });
    this.ingest.receive(message(`canopy/${path}/hb`, beat), by());
  }
  forget(path: string): void {
    this.ingest.receive(message(`canopy/${path}/state`, Buffer.alloc(0), true), by('/'));
  }
  pass(ms: number): void {
    this.clock.pass(ms);
    this.observer.tick();
  }
  /** What was told since the last time, in short. */
  news(): string[] {
    return this.told.splice(0).map(({ path, from, to }) => `${path} ${from}>${to}`);
  }
}
const TOLD: Told = { status: 'up', at: EPOCH, kind: 'leaf', app: 'web', labels: {}, epoch: 1 };
const down = { phase: 'backoff', health: 'unknown', reason: 'exited with code 1' } as const;

test('what changes is told once, with why', () => {
  const tree = new Watched();
  tree.state('web');
  tree.beat('web');
  tree.state('web');
  assert.deepEqual(tree.news(), ['web null>up']);
  tree.clock.pass(10);
  tree.state('web', down);
  const [told] = tree.told;
  assert.deepEqual(
    [told?.kind, told?.app, told?.epoch, told?.at, told?.cause, told?.reason, told?.hidden],
    ['leaf', 'web', EPOCH, tree.clock.now(), null, 'exited with code 1', 0],
  );
  assert.deepEqual(tree.news(), ['web up>down']);
  tree.beat('web', { phase: 'running', health: 'passing' });
  assert.deepEqual(tree.news(), ['web down>up'], 'a heartbeat says it as well');
});

describe('a relay with 100 leaves', () => {
  const grown = (): Watched => {
    const tree = new Watched();
    tree.relay('rack1');
    for (let leaf = 0; leaf < 100; leaf++) {
      tree.state(`rack1/leaf${leaf}`);
      tree.beat(`rack1/leaf${leaf}`);
    }
    assert.equal(tree.news().length, 101);
    return tree;
  };

  test('lost and back is one transition each way, with the count', () => {
    const tree = grown();
    tree.lost('rack1');
    for (let second = 0; second < 60; second++) tree.pass(1000);
    assert.deepEqual(
      tree.told.map(({ hidden, cause }) => [hidden, cause]),
      [[100, 'timeout']],
    );
    assert.deepEqual(tree.news(), ['rack1 up>down']);
    tree.relay('rack1', { reason: 'heard again' });
    assert.equal(tree.told[0]?.hidden, 100);
    for (let leaf = 0; leaf < 100; leaf++) {
      if (leaf % 10 === 0) tree.pass(300);
      tree.beat(`rack1/leaf${leaf}`);
    }
    tree.pass(60_000);
    assert.deepEqual(tree.news(), ['rack1 down>up']);
  });

  test('after the heal only what differs is told: at once what speaks, and what is silent after its grace', () => {
    const tree = grown();
    tree.lost('rack1');
    tree.pass(20_000);
    tree.relay('rack1', { reason: 'heard again' });
    tree.news();
    for (let leaf = 2; leaf < 100; leaf++) tree.beat(`rack1/leaf${leaf}`);
    tree.beat('rack1/leaf0', { phase: 'backoff', health: 'unknown' });
    assert.deepEqual(tree.news(), ['rack1/leaf0 up>down']);
    tree.pass(2 * BEAT * 1000 - 1);
    assert.deepEqual(tree.news(), []);
    tree.pass(1);
    assert.deepEqual(tree.news(), [], 'its relay may be gone again');
    tree.beat('rack1', { kind: 'relay' });
    tree.pass(BEAT * 1000);
    assert.deepEqual(tree.news(), ['rack1/leaf1 up>unknown']);
    tree.beat('rack1/leaf1');
    assert.deepEqual(tree.news(), ['rack1/leaf1 unknown>up']);
  });

  test('that were hidden once more within their grace are told of by neither outage', () => {
    const tree = grown();
    for (let time = 0; time < 2; time++) {
      tree.lost('rack1');
      tree.pass(20_000);
      tree.relay('rack1', { reason: 'heard again' });
      tree.pass(1000);
    }
    tree.lost('rack1');
    tree.pass(60_000);
    assert.deepEqual(
      tree.news().filter(line => !line.startsWith('rack1 ')),
      [],
    );
  });

  test('that were hidden once more before they could be heard are told of by neither outage, however late it is noticed', () => {
    const tree = grown();
    tree.lost('rack1');
    tree.pass(20_000);
    tree.relay('rack1', { reason: 'heard again' });
    for (let second = 0; second < 10; second++) tree.pass(1000);
    tree.lost('rack1');
    tree.pass(60_000);
    assert.deepEqual(tree.news(), ['rack1 up>down', 'rack1 down>up', 'rack1 up>down']);
  });

  test('of one that is still in its grace nothing is told, whatever is looked at it for', () => {
    const tree = grown();
    tree.lost('rack1');
    tree.pass(20_000);
    tree.relay('rack1', { reason: 'heard again' });
    tree.news();
    tree.state('rack1/leaf0', { reason: 'online' });
    assert.deepEqual(tree.news(), [], 'a state may be a replayed one');
    tree.beat('rack1/leaf0');
    tree.pass(1000);
    assert.deepEqual(tree.news(), []);
  });

  test('it said goodbye: it is stopped, and they are hidden all the same', () => {
    const tree = grown();
    tree.relay('rack1', { link: 'offline', reason: 'stopped' });
    assert.equal(tree.told[0]?.hidden, 100);
    assert.deepEqual(tree.news(), ['rack1 up>stopped']);
  });
});

test('an outage within an outage is told of once the outer one is over', () => {
  const tree = new Watched();
  tree.relay('dc1');
  tree.relay('dc1/rack1');
  tree.state('dc1/rack1/web');
  tree.lost('dc1');
  tree.news();
  tree.relay('dc1', { reason: 'heard again' });
  tree.lost('dc1/rack1');
  assert.deepEqual(tree.news(), ['dc1 down>up', 'dc1/rack1 up>down']);
  tree.pass(60_000);
  tree.relay('dc1/rack1', { reason: 'heard again' });
  tree.beat('dc1/rack1/web');
  tree.pass(60_000);
  assert.deepEqual(tree.news(), ['dc1/rack1 down>up']);
});

test('what is forgotten is told of as what it was, and is new when it comes back', () => {
  const tree = new Watched();
  tree.state('web');
  tree.state('web', { link: 'lost', reason: 'will' });
  tree.news();
  tree.forget('web');
  assert.deepEqual([tree.told[0]?.app, tree.told[0]?.kind], ['web', 'leaf']);
  assert.deepEqual(tree.news(), ['web down>null']);
  tree.state('web');
  assert.deepEqual(tree.news(), ['web null>up']);
});

describe('after a start of the observer', () => {
  test('only what differs from what it told before is told', () => {
    const tree = new Watched({ rack1: { kind: 'relay' }, 'rack1/a': {}, 'rack1/b': {} });
    tree.observer.start();
    tree.observer.stop();
    tree.relay('rack1');
    tree.state('rack1/a');
    tree.state('rack1/b', down);
    tree.pass(60_000);
    assert.deepEqual(tree.news(), ['rack1/b up>down']);
  });

  test('what was there before it listened is looked at', () => {
    const tree = new Watched();
    const registry = new Registry();
    const late = new Observer({
      registry,
      clock: tree.clock,
      ...{ intervalMs: 1, settleMs: 1, clockSkewMs: 1, lifted: () => {} },
    });
    const told: string[] = [];
    late.listen(({ path }) => told.push(path));
    registry.applyState('web', stateOf(), { now: 1, mono: 1 });
    late.start();
    late.stop();
    assert.deepEqual(told, ['web']);
  });

  test('who has not been heard of when things have settled is missing: one line for all behind it', () => {
    const tree = new Watched({ rack1: { kind: 'relay' }, 'rack1/a': {}, 'rack1/b': {}, web: {} });
    tree.pass(9999);
    assert.deepEqual(tree.news(), []);
    tree.pass(1);
    assert.deepEqual(tree.news(), ['rack1 up>unknown', 'web up>unknown']);
    tree.relay('rack1');
    tree.state('rack1/a');
    tree.state('rack1/b');
    assert.deepEqual(tree.news(), ['rack1 unknown>up']);
  });
});

test('after a start one is missing for itself where its hop is there and it is not', () => {
  const tree = new Watched({ rack1: { kind: 'relay' }, 'rack1/a': {}, 'rack1/b': {} });
  tree.relay('rack1');
  tree.state('rack1/b');
  tree.pass(10_000);
  assert.deepEqual(tree.news(), ['rack1/a up>unknown']);
});

describe('when it became so', () => {
  const HOUR = 3_600_000;
  /** A leaf whose clock is an hour ahead, heard for a minute. */
  const skewed = (): Watched => {
    const tree = new Watched();
    tree.relay('rack1');
    tree.state('rack1/web', { ts: tree.clock.now() + HOUR });
    for (let beat = 0; beat < 20; beat++) {
      tree.pass(3000);
      tree.beat('rack1', { kind: 'relay' });
      tree.beat('rack1/web', { ts: tree.clock.now() + HOUR - (beat % 3) * 40 });
    }
    tree.told.length = 0;
    return tree;
  };

  test('is when a live message came, whatever its sender’s clock says', () => {
    const tree = skewed();
    tree.state('rack1/web', { ...down, ts: tree.clock.now() + HOUR - 1500 });
    assert.equal(tree.told[0]?.at, tree.clock.now());
  });

  test('is what its sender says, by our clock, of a message that was kept for a while', () => {
    const tree = skewed();
    const then = tree.clock.now();
    tree.clock.pass(120_000);
    tree.state('rack1/web', { ...down, ts: then + HOUR });
    tree.state('rack1/web', { ts: then + HOUR + 60_000 });
    assert.deepEqual(
      tree.told.map(({ at }) => at - then),
      [0, 60_000],
    );
  });

  test('is never before what was told last of it, nor later than now', () => {
    const tree = skewed();
    const now = tree.clock.now();
    tree.state('rack1/web', { ...down, ts: now + HOUR });
    tree.state('rack1/web', { ts: now + HOUR - 50_000 });
    tree.state('rack1/web', { ...down, ts: now + 9 * HOUR });
    assert.deepEqual(
      tree.told.map(({ at }) => at - now),
      [0, 0, 0],
    );
  });

  test('of a loss is by the clock of the parent that tells it', () => {
    const tree = skewed();
    const then = tree.clock.now();
    tree.clock.pass(60_000);
    tree.state('rack1/web', { link: 'lost', reason: 'will', ts: then + 5000 });
    assert.equal((tree.told[0]?.at ?? 0) - then, 5000);
  });

  test('follows a clock that was set, after some heartbeats', () => {
    const tree = skewed();
    for (let beat = 0; beat < 16; beat++) {
      tree.pass(3000);
      tree.beat('rack1/web', { ts: tree.clock.now() });
    }
    const then = tree.clock.now();
    tree.clock.pass(60_000);
    tree.state('rack1/web', { ...down, ts: then });
    assert.equal((tree.told[0]?.at ?? 0) - then, 0);
  });

  test('is when it came where the sender’s clock is not known yet', () => {
    const tree = new Watched();
    tree.state('web', { ts: tree.clock.now() - HOUR });
    assert.equal(tree.told[0]?.at, tree.clock.now());
  });
});

describe('a maintenance that nobody lifts', () => {
  /** In maintenance for 10 s, by a clock that is heard to be `aheadMs` off; then lost. */
  const maintained = (aheadMs: number | null): Watched => {
    const tree = new Watched();
    const since = tree.clock.now() + (aheadMs ?? 0);
    tree.relay('rack1', { maintenance: { since, until: since + 10_000, by: 'ops' } });
    tree.state('rack1/web');
    const record = tree.registry.get('rack1');
    if (record && aheadMs !== null) record.skew = [aheadMs];
    return tree;
  };
  const covers = (tree: Watched) =>
    ['rack1', 'rack1/web'].map(path => maintenanceAt(tree.registry, path)?.at);

  for (const [aheadMs, endsMs] of [
    [0, 10_000],
    [7000, 10_000],
    [-7000, 10_000],
    [null, 15_000],
  ] as const)
    test(`ends at its time by the clock of the node, which is ${aheadMs ?? 'nobody knows how many'} ms ahead`, () => {
      const tree = maintained(aheadMs);
      tree.lost('rack1');
      tree.pass(endsMs - 1);
      assert.deepEqual([covers(tree), tree.lifted], [['rack1', 'rack1'], []]);
      tree.pass(1);
      assert.deepEqual([covers(tree), tree.lifted], [[undefined, undefined], ['rack1']]);
      tree.pass(60_000);
      assert.deepEqual(tree.lifted, ['rack1'], 'once');
    });

  test('one that the node lifts, or that goes with it, is not lifted again', () => {
    const tree = maintained(0);
    tree.relay('rack1', { maintenance: null });
    tree.pass(60_000);
    const other = maintained(0);
    other.lost('rack1');
    other.forget('rack1');
    other.pass(60_000);
    assert.deepEqual([tree.lifted, other.lifted], [[], []]);
  });

  test('one that was known before the observer was started ends as well', () => {
    const tree = new Watched();
    const maintenance = { since: tree.clock.now() - 9000, until: tree.clock.now(), by: 'ops' };
    tree.registry.applyState('web', stateOf({ link: 'lost', maintenance }), { now: 1, mono: 1 });
    tree.observer.start();
    tree.observer.stop();
    tree.pass(5000);
    assert.deepEqual(tree.lifted, ['web']);
  });
});
