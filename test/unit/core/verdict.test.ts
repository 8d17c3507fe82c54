import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HEALTHS, PHASES, type Status } from '../../../src/core/facts.js';
import { graceEnd } from '../../../src/core/hidden.js';
import { Registry } from '../../../src/core/registry.js';
import { ownStatus, rollup, verdict } from '../../../src/core/verdict.js';
import { at, beat, relay, state, taken } from './support.js';

/** rack1 / sub / web, and a leaf beside them, all heard at 1. */
function tree(): Registry {
  const registry = new Registry();
  taken(registry, 'rack1', relay(), 1);
  taken(registry, 'rack1/sub', relay(), 1);
  taken(registry, 'rack1/sub/web', state(), 1);
  taken(registry, 'api', state(), 1);
  return registry;
}
const lost = (reason = 'timeout') => relay({ link: 'lost', reason });
const seen = (registry: Registry, path: string) => {
  const record = registry.get(path);
  assert.ok(record, path);
  const { status, since, blockedBy, cause } = verdict(registry, record);
  return [status, since - at(0).now, blockedBy, cause];
};

test('what an online leaf says of itself, by phase and health', () => {
  const always = (status: Status) => ({ unknown: status, passing: status, warning: status, failing: status });
  const table: Record<(typeof PHASES)[number], Record<(typeof HEALTHS)[number], Status>> = {
    running: { unknown: 'degraded', passing: 'up', warning: 'degraded', failing: 'down' },
    starting: always('degraded'),
    stopping: always('degraded'),
    backoff: always('down'),
    failed: always('down'),
    stopped: always('stopped'),
    exited: always('stopped'),
  };
  for (const phase of PHASES)
    for (const health of HEALTHS)
      assert.equal(
        ownStatus({ epoch: 10, kind: 'leaf', phase, health }),
        table[phase][health],
        `${phase} ${health}`,
      );
  assert.equal(ownStatus({ epoch: 10, kind: 'leaf', phase: null, health: null }), 'unknown');
  assert.equal(
    ownStatus({ epoch: 10, kind: 'leaf', phase: 'running', health: null }),
    'up',
    'says nothing of it',
  );
  assert.equal(ownStatus({ epoch: 10, kind: 'relay', phase: null, health: null }), 'up');
  for (const epoch of [null, 0])
    assert.equal(ownStatus({ epoch, kind: 'relay', phase: null, health: null }), 'unknown', 'a stand-in');
});

describe('an outage', () => {
  test('the first lost hop is down with its cause, all beneath it unreachable behind it', () => {
    const registry = tree();
    taken(registry, 'rack1', lost('will'), 50);
    assert.deepEqual(seen(registry, 'rack1'), ['down', 50, null, 'will']);
    assert.deepEqual(seen(registry, 'rack1/sub'), ['unreachable', 50, 'rack1', null]);
    assert.deepEqual(seen(registry, 'rack1/sub/web'), ['unreachable', 50, 'rack1', null]);
    assert.deepEqual(seen(registry, 'api'), ['up', 1, null, null]);
  });

  test('of two lost hops the nearer one blocks; what was known below is kept', () => {
    const registry = tree();
    taken(registry, 'rack1/sub', lost(), 40);
    taken(registry, 'rack1', lost(), 50);
    assert.deepEqual(seen(registry, 'rack1/sub'), ['unreachable', 50, 'rack1', null]);
    assert.deepEqual(seen(registry, 'rack1/sub/web'), ['unreachable', 50, 'rack1', null]);
    const { phase, link, pid } = registry.get('rack1/sub/web') ?? {};
    assert.deepEqual([phase, link, pid], ['running', 'online', 41]);
  });

  test('a relay that said goodbye is stopped, and blocks as well', () => {
    const registry = tree();
    taken(registry, 'rack1', relay({ link: 'offline', reason: 'stopped' }), 50);
    assert.deepEqual(seen(registry, 'rack1'), ['stopped', 50, null, null]);
    assert.deepEqual(seen(registry, 'rack1/sub/web'), ['unreachable', 50, 'rack1', null]);
  });
});

describe('a healed line', () => {
  test('what is below is unknown until it is heard again, each for itself', () => {
    const registry = tree();
    taken(registry, 'rack1', lost(), 50);
    taken(registry, 'rack1', relay(), 80);
    assert.deepEqual(seen(registry, 'rack1'), ['up', 80, null, null]);
    assert.deepEqual(seen(registry, 'rack1/sub'), ['unknown', 80, null, null]);
    assert.deepEqual(seen(registry, 'rack1/sub/web'), ['unknown', 80, null, null]);
    registry.applyBeat('rack1/sub/web', beat({ seq: 9 }), at(90));
    assert.deepEqual(seen(registry, 'rack1/sub/web'), ['up', 90, null, null]);
    assert.deepEqual(seen(registry, 'rack1/sub'), ['unknown', 80, null, null]);
    taken(registry, 'rack1/sub', relay(), 95);
    assert.deepEqual(
      seen(registry, 'rack1/sub'),
      ['unknown', 80, null, null],
      'a state may be a replayed one',
    );
    registry.applyBeat('rack1/sub', beat({ kind: 'relay' }), at(99));
    assert.deepEqual(seen(registry, 'rack1/sub'), ['up', 99, null, null]);
  });

  test('one that beats until it does; what else is known stands after two intervals', () => {
    const registry = tree();
    registry.applyBeat('rack1/sub/web', beat({ interval: 3 }), at(10));
    taken(registry, 'rack1/sub/old', state({ link: 'lost', reason: 'timeout' }), 20);
    taken(registry, 'rack1', lost(), 50);
    taken(registry, 'rack1', relay(), 80);
    const status = (path: string, mono: number) => {
      const record = registry.get(path);
      assert.ok(record);
      return verdict(registry, record, mono).status;
    };
    assert.equal(status('rack1/sub/web', 1e9), 'unknown', 'it may have ended meanwhile');
    assert.equal(graceEnd(registry, registry.get('rack1/sub/web') as never, 1e9), 80 + 6000);
    assert.equal(graceEnd(registry, registry.get('rack1') as never, 1e9), Number.NEGATIVE_INFINITY);
    assert.deepEqual(
      [80 + 5999, 80 + 6000].map(mono => status('rack1/sub', mono)),
      ['unknown', 'up'],
    );
    assert.deepEqual(
      [80 + 5999, 80 + 6000].map(mono => status('rack1/sub/old', mono)),
      ['unknown', 'down'],
    );
    taken(registry, 'rack1/sub/web', state({ link: 'lost', reason: 'will' }), 90);
    assert.equal(status('rack1/sub/web', 90), 'down', 'its parent has said so since: nothing to wait for');
  });

  test('one that should beat, and that nobody speaks for, is not held to be up for ever', () => {
    const registry = new Registry({ silentMs: 20_000 });
    taken(registry, 'rack1', relay(), 1);
    registry.applyBeat('rack1/web', beat({ interval: 3 }), at(10));
    registry.applyBeat('rack1/slow', beat({ interval: 10 }), at(10));
    taken(registry, 'rack1/foreign', state(), 10);
    registry.applyBeat('direct', beat({ interval: 3 }), at(10));
    const status = (path: string, mono: number) =>
      verdict(registry, registry.get(path) as never, mono).status;
    const table: [string, number, Status][] = [
      ['rack1/web', 20_010, 'up'],
      ['rack1/web', 20_011, 'unknown'],
      ['rack1/slow', 60_010, 'up'],
      ['rack1/slow', 60_011, 'unknown'],
      ['rack1/foreign', 1e9, 'up'],
      ['direct', 1e9, 'up'],
    ];
    for (const [path, mono, expected] of table) assert.equal(status(path, mono), expected, `${path} ${mono}`);
  });

  test('what is heard later does not move since', () => {
    const registry = tree();
    registry.applyBeat('api', beat({ seq: 2 }), at(500));
    taken(registry, 'api', state(), 600);
    assert.deepEqual(seen(registry, 'api'), ['up', 1, null, null]);
    taken(registry, 'api', state({ phase: 'backoff' }), 700);
    assert.deepEqual(seen(registry, 'api'), ['down', 700, null, null]);
  });
});

test('the roll-up counts leaves by their verdict', () => {
  const registry = tree();
  assert.deepEqual(rollup(registry), { up: 2, degraded: 0, down: 0, unreachable: 0, stopped: 0, unknown: 0 });
  taken(registry, 'rack1', lost(), 50);
  taken(registry, 'api', state({ phase: 'backoff' }), 50);
  assert.deepEqual(rollup(registry), { up: 0, degraded: 0, down: 1, unreachable: 1, stopped: 0, unknown: 0 });
  taken(registry, 'rack1', relay(), 60);
  assert.equal(rollup(registry).unknown, 1);
});

describe('a planned restart', () => {
  const goodbye = (forMs: number) =>
    relay({
      link: 'offline',
      reason: 'restart',
      ts: at(40).now - 3_600_000,
      restartBy: at(40).now - 3_600_000 + forMs,
    });
  const at1 = (registry: Registry, path: string, mono: number) => {
    const record = registry.get(path);
    assert.ok(record);
    const { status, since, blockedBy, cause } = verdict(registry, record, mono);
    return [status, since - at(0).now, blockedBy, cause];
  };

  test('until its deadline it is degraded and hides what is below; then it is down', () => {
    const registry = tree();
    taken(registry, 'rack1', goodbye(100), 50);
    assert.deepEqual(at1(registry, 'rack1', 149), ['degraded', 50, null, null]);
    assert.deepEqual(at1(registry, 'rack1/sub/web', 149), ['unknown', 50, 'rack1', null]);
    assert.deepEqual(at1(registry, 'rack1', 150), ['down', 150, null, 'timeout']);
    assert.deepEqual(at1(registry, 'rack1/sub/web', 150), ['unreachable', 150, 'rack1', null]);
    taken(registry, 'rack1', lost('timeout'), 155);
    assert.deepEqual(at1(registry, 'rack1', 160), ['down', 155, null, 'timeout']);
  });

  test('said again it does not get more time; back, or an ordinary goodbye later, it is over', () => {
    const registry = tree();
    taken(registry, 'rack1', goodbye(100), 50);
    taken(registry, 'rack1', goodbye(100), 120);
    assert.equal(at1(registry, 'rack1', 150)[0], 'down');
    taken(registry, 'rack1', relay({ epoch: 11 }), 160);
    assert.equal(at1(registry, 'rack1', 161)[0], 'up');
    taken(registry, 'rack1', relay({ epoch: 11, link: 'offline', reason: 'stopped' }), 170);
    assert.equal(at1(registry, 'rack1', 171)[0], 'stopped');
  });

  test('nobody gets more than an hour', () => {
    const registry = tree();
    taken(registry, 'rack1', goodbye(1e12), 50);
    assert.equal(at1(registry, 'rack1', 3_600_049)[0], 'degraded');
    assert.equal(at1(registry, 'rack1', 3_600_050)[0], 'down');
  });
});
