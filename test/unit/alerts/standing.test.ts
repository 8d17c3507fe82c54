/** What an earlier run was told and had not alerted for. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Alerts } from '../../../src/alerts/alerts.js';
import { Glancer } from '../../../src/alerts/glance.js';
import { NO_ALERTS, type Notice } from '../../../src/core/alert.js';
import { Kept, scratch } from '../history/support.js';
import { TestClock } from '../node/support.js';
import { rule } from './support.js';

const DOWN = { phase: 'backoff', health: 'unknown' } as const;
/** Of the observer of the tests of history. */
const SETTLE_MS = 10_000;

/** A node that was restarted; an earlier run has told that `web` was down. */
async function restarted(t: TestContext) {
  const box = scratch();
  t.after(box.remove);
  const clock = new TestClock();
  const before = await Kept.open(box.path, clock);
  before.state('web', DOWN);
  before.state('api');
  await before.close();
  const node = await Kept.open(box.path, clock);
  t.after(() => node.close());
  const said: string[] = [];
  const outbox = {
    add: ({ kind, alert }: Notice) => said.push(`${kind} ${alert.path}`),
    all: () => [],
    use() {},
    go() {},
    stop() {},
  };
  const alerts = new Alerts(
    { ...NO_ALERTS, rules: [rule({ forMs: 3000 })] },
    {
      name: 'root',
      glancer: new Glancer(node.registry, clock),
      clock,
      disk: { open: () => ({ alerts: [], queue: [] }), save: async () => {} } as never,
      outbox: outbox as never,
      duty: () => ({ is: 'all' }),
      observer: node.observer,
      tell() {},
    },
  );
  node.observer.listen(transition => alerts.hear(transition));
  alerts.start();
  t.after(() => alerts.stop());
  const pass = (ms: number) => {
    node.pass(ms);
    alerts.look();
    return said;
  };
  return { node, pass };
}

test('it is alerted for where it still is so, with a `for` from when that is known', async t => {
  const { node, pass } = await restarted(t);
  node.state('web', DOWN);
  assert.deepEqual(pass(SETTLE_MS - 1), []);
  assert.deepEqual(pass(1), []);
  assert.deepEqual(pass(2999), []);
  assert.deepEqual(pass(1), ['firing web']);
  assert.deepEqual(pass(60_000), ['firing web'], 'once');
});

test('and is not where it came back meanwhile, or was not heard of again', async t => {
  const { node, pass } = await restarted(t);
  node.state('web');
  assert.deepEqual(pass(SETTLE_MS), []);
  assert.deepEqual(pass(60_000), []);
  const other = await restarted(t);
  other.pass(SETTLE_MS);
  assert.deepEqual(other.pass(60_000), []);
});
