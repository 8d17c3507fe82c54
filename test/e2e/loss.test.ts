/** A leaf that dies or falls silent: seen three brokers up, in time, with its cause. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Tap } from '../support/mqtt-tools.js';
import { type DeepTree, deepTree, QUICK } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import { Sandbox } from '../support/sandbox.js';
import { lives, STEADY } from '../support/targets.js';

const noTools = skipWithout('mosquitto_sub');
const INTERVAL_MS = QUICK.hb_interval * 1000;
const TIMEOUT_MS = QUICK.timeout * 1000;

describe('the loss of a leaf', { skip: noTools || (process.platform !== 'linux' && 'needs /proc') }, () => {
  const box = new Sandbox({ after });
  let tree: DeepTree;
  let tap: Tap;
  before(async () => {
    tree = await deepTree(box);
    tap = await Tap.open(box, tree.root.port, 'canopy/+/+/+/state', 'canopy/+/+/evt');
  });

  const stateOf = (name: string) => tap.on(`canopy/rack1/rack2/${name}/state`).at(-1);
  const linkEvents = (name: string) =>
    tap
      .on('canopy/rack1/rack2/evt')
      .filter(({ json }) => json.event === 'link' && json.path === name)
      .map(({ json }) => `${json.from} to ${json.to}${json.to === 'lost' ? `: ${json.reason}` : ''}`);

  it('killed: down by its will within a second, what was known of it kept', async () => {
    const leaf = await tree.leaf({ name: 'dying', app_name: 'shop', target: STEADY });
    const path = 'rack1/rack2/dying';
    const before = await tree.rest.node(path);
    const from = performance.now();
    leaf.signal('SIGKILL');
    const gone = await tree.rest.expect(path, { status: 'down' }, 1000);
    assert.ok(performance.now() - from < 1000);
    assert.deepEqual([gone.cause, gone.link, gone.blockedBy], ['will', 'lost', null]);
    assert.deepEqual(
      [gone.app, gone.pid, gone.phase, gone.epoch],
      ['shop', before.pid, 'running', before.epoch],
    );
    assert.ok(lives(before.pid as number), 'its target goes on');
    const { json } = await tap.first(
      ({ topic, json }) => topic === `canopy/${path}/state` && json?.link === 'lost',
    );
    assert.deepEqual([json.reason, json.pid, json.epoch], ['will', before.pid, before.epoch]);
    await tap.first(({ json }) => json?.event === 'link' && json.path === 'dying' && json.to === 'lost');

    await leaf.up();
    const again = await tree.rest.expect(path, { status: 'up', cause: null });
    assert.ok((again.epoch as number) > (before.epoch as number), 'it is a new start');
    await tap.first(({ json }) => json?.event === 'link' && json.path === 'dying' && json.from === 'lost');
    assert.deepEqual(linkEvents('dying'), ['online to lost: will', 'lost to online']);
  });

  it('killed: the loss is retained at every broker on the way', async () => {
    const leaf = await tree.leaf({ name: 'remembered', target: STEADY });
    leaf.signal('SIGKILL');
    await tree.rest.expect('rack1/rack2/remembered', { status: 'down' }, 1000);
    for (const [node, path] of [
      [tree.root, 'rack1/rack2/remembered'],
      [tree.rack1, 'rack2/remembered'],
      [tree.rack2, 'remembered'],
    ] as const) {
      const late = await Tap.open(box, node.port, `canopy/${path}/state`);
      const { json, retain } = await late.first(() => true);
      assert.deepEqual([retain, json.link, json.reason], [true, 'lost', 'will'], path);
    }
  });

  it('frozen: down by the timeout and not before, up again once it thaws', async () => {
    const leaf = await tree.leaf({ name: 'frozen', target: STEADY });
    const path = 'rack1/rack2/frozen';
    const before = await tree.rest.expect(path, node => node.heartbeat !== null);
    const from = performance.now();
    leaf.signal('SIGSTOP');
    const gone = await tree.rest.expect(path, { status: 'down' }, TIMEOUT_MS + INTERVAL_MS);
    const took = performance.now() - from;
    assert.ok(took > TIMEOUT_MS - 2 * INTERVAL_MS, `lost after ${took} ms`);
    assert.deepEqual([gone.cause, gone.link, gone.blockedBy], ['timeout', 'lost', null]);
    await tap.first(({ topic, json }) => topic === `canopy/${path}/state` && json?.reason === 'timeout');

    leaf.signal('SIGCONT');
    const again = await tree.rest.expect(path, { status: 'up', link: 'online' }, 2 * INTERVAL_MS);
    assert.deepEqual([again.epoch, again.pid], [before.epoch, before.pid], 'nothing was restarted');
    await tree.rest.expect(path, node => (node.heartbeat?.seq as number) > (again.heartbeat?.seq as number));
    assert.equal((await tree.rest.node(path)).status, 'up');
    assert.equal(stateOf('frozen')?.json.link, 'online');
    assert.deepEqual(linkEvents('frozen'), ['online to lost: timeout', 'lost to online']);
  });

  it('stopped: it says goodbye, and is not called lost', async () => {
    const leaf = await tree.leaf({ name: 'leaving', target: STEADY });
    const { pid } = await tree.rest.node('rack1/rack2/leaving');
    assert.deepEqual(await leaf.stop(), { code: 0, signal: null });
    assert.ok(!lives(pid as number));
    const gone = await tree.rest.expect('rack1/rack2/leaving', node => node.status !== 'up', 1000);
    assert.deepEqual([gone.status, gone.link, gone.cause, gone.pid], ['stopped', 'offline', null, null]);
    await tree.rest.expect(
      'rack1/rack2',
      node => (node.heartbeat?.leaves as { stopped: number } | undefined)?.stopped === 1,
    );
    assert.equal(stateOf('leaving')?.json.link, 'offline');
  });
});
