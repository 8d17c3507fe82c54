import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Registry } from '../../../src/core/registry.js';
import type { Plan } from '../../../src/node/responder.js';
import { asCommand } from '../../../src/protocol/commands.js';
import type { Forgetting } from '../../../src/tree/forgetting.js';
import { nodePlan } from '../../../src/tree/orders.js';
import { message, openBelow, openForgetting, type Place, stateOf } from './support.js';

let place: Place;
let registry: Registry;
let forgetting: Forgetting;
before(async () => {
  const opened = await openBelow();
  ({ place, registry } = opened);
  forgetting = openForgetting(opened);
});
after(() => place.close());

const below: Plan = command => async () => ({ to: command.select ?? command.op });
const maintain: Plan = command => async () => ({ maintain: command.args });
const forget = (path: unknown, by: string) => forgetting.plan(path, by);
const run = (op: string, more: object = {}) =>
  nodePlan(registry, { below, maintain, forget })(asCommand({ op, ...more }))(() => {});
const say = async (path: string, more: object) => {
  place.link.publish(message(`canopy/${path}/state`, stateOf(more), true));
  await place.link.flush(5000);
};
const retained = async () => (await place.link.retained('canopy/#')).map(({ topic }) => topic).sort();

test('what has a select, or is about services, goes to what is below; maintenance without one is its own', async () => {
  assert.deepEqual(await run('restart', { select: { all: true } }), { to: { all: true } });
  assert.deepEqual(await run('scale', { select: { app: 'web' } }), { to: { app: 'web' } });
  assert.deepEqual(await run('restart', { pick: 1 }), { to: 'restart' });
  for (const op of ['scale', 'rebalance', 'orders', 'unkeep']) assert.deepEqual(await run(op), { to: op });
  assert.deepEqual(await run('maintenance', { args: { mode: 'on' } }), { maintain: { mode: 'on' } });
  assert.deepEqual(await run('maintenance', { select: { all: true } }), { to: { all: true } });
});

describe('refused at once', () => {
  const CASES: [string, object, string, RegExp][] = [
    ['ping', { args: { loud: true } }, 'bad-argument', /takes no arguments, found "loud"/],
    ['restart', {}, 'unsupported-op', /is for leaves.*add a select/],
    ['logs', {}, 'unsupported-op', /takes ping, forget, maintenance/],
    ['dance', {}, 'unknown-op', /no command "dance"; this node takes ping, forget/],
    ['forget', {}, 'bad-argument', /expected path.* found undefined/],
    ['forget', { args: { path: '' } }, 'bad-argument', /found ""/],
    ['forget', { args: { path: 'a//b' } }, 'bad-argument', /found "a\/\/b"/],
    ['forget', { args: { path: ['web'] } }, 'bad-argument', /found \["web"\]/],
    ['forget', { args: { path: 'nowhere' } }, 'not-found', /no node "nowhere"/],
    ['forget', { args: { path: 'web', force: true } }, 'bad-argument', /takes path, found "force"/],
  ];
  for (const [op, more, code, message] of CASES) {
    test(`${op} ${JSON.stringify(more)}`, () => assert.throws(() => run(op, more), { code, message }));
  }
});

test('ping says how many nodes are known', async () => {
  await say('web', {});
  assert.deepEqual(await run('ping'), { nodes: 1 });
});

test('a node that is alive is not forgotten', async () => {
  await say('web', {});
  assert.throws(() => run('forget', { args: { path: 'web' } }), {
    code: 'node-alive',
    message: /"web" is up/,
  });
  assert.deepEqual(await retained(), ['canopy/web/state']);
});

test('one that is gone is, with all below it, here and in what is retained', async () => {
  for (const path of ['rack1', 'rack1/sub', 'rack1/sub/a', 'rack10']) await say(path, { kind: 'relay' });
  await say('rack1', { kind: 'relay', link: 'lost', reason: 'will' });
  assert.deepEqual(await run('forget', { args: { path: 'rack1' } }), {
    forgotten: ['rack1', 'rack1/sub', 'rack1/sub/a'],
  });
  await place.link.flush(5000);
  assert.deepEqual(await retained(), ['canopy/rack10/state', 'canopy/web/state']);
  assert.equal(registry.get('rack1/sub/a'), undefined);
});

test('one that is behind a lost hop can be forgotten, though it was online last', async () => {
  await say('cut', { kind: 'relay' });
  await say('cut/web', {});
  await say('cut', { kind: 'relay', link: 'lost', reason: 'timeout' });
  assert.deepEqual(await run('forget', { args: { path: 'cut/web' } }), { forgotten: ['cut/web'] });
});
