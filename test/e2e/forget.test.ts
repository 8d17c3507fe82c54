/** Forgetting a node that is gone: at every broker, for good, and never one that is alive. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Command } from '../support/cli.js';
import { publish, Tap } from '../support/mqtt-tools.js';
import { type DeepTree, deepTree, type NodeProcess } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import { Sandbox } from '../support/sandbox.js';
import { STEADY } from '../support/targets.js';

const noTools = skipWithout('mosquitto_sub', 'mosquitto_pub');
const ALL = ['', 'rack1', 'rack1/rack2', 'rack1/rack2/api1', 'rack1/rack2/api2'];

describe('forgetting a node', { skip: noTools || (process.platform !== 'linux' && 'needs /proc') }, () => {
  const box = new Sandbox({ after });
  let tree: DeepTree;
  let api2: NodeProcess;
  before(async () => {
    tree = await deepTree(box);
    [, api2] = await Promise.all([
      tree.leaf({ name: 'api1', target: STEADY }),
      tree.leaf({ name: 'api2', target: STEADY }),
    ]);
  });

  it('a live node is not forgotten', async () => {
    for (const path of ['rack1/rack2/api1', 'rack1/rack2', 'rack1', '']) {
      const { status, type, body } = await tree.rest.ask('DELETE', `/api/v1/nodes/${path}`);
      assert.ok(path === '' ? status >= 400 && status < 500 : status === 409, `${path}: ${status}`);
      if (path) assert.equal(body.code, 'node-alive');
      assert.match(type, /^application\/problem\+json/);
    }
    assert.deepEqual(
      (await tree.rest.nodes()).map(({ path }) => path),
      ALL,
    );
  });

  it('a lost leaf is forgotten everywhere, and stays so when its relay reconnects', async () => {
    const path = 'rack1/rack2/api2';
    const { pid } = await tree.rest.node(path);
    await api2.crash();
    await tree.rest.expect(path, { status: 'down' }, 1000);
    assert.equal((await tree.rest.ask('DELETE', `/api/v1/nodes/${path}`)).status, 204);
    assert.equal((await tree.rest.get(`/api/v1/nodes/${path}`)).status, 404);
    assert.equal((await tree.rest.ask('DELETE', `/api/v1/nodes/${path}`)).status, 404);
    const remembered = async () => {
      const places = [
        [tree.root.port, `canopy/${path}/state`],
        [tree.rack1.port, 'canopy/rack2/api2/state'],
        [tree.rack2.port, 'canopy/api2/state'],
      ] as const;
      const found = places.map(async ([port, topic]) => {
        const tap = await Tap.open(box, port, topic, 'marker');
        // Stored messages come before what is published later.
        await publish(port, 'marker', 'x');
        await tap.first(message => message.topic === 'marker');
        return tap.on(topic).length;
      });
      return Promise.all(found);
    };
    assert.deepEqual(await remembered(), [0, 0, 0]);

    const { epoch } = await tree.rest.node('rack1/rack2');
    await tree.rack1.crash();
    await tree.rest.expect('rack1', { status: 'down' });
    await tree.rack1.up();
    await tree.rest.expect('rack1/rack2/api1', { status: 'up' });
    assert.equal((await tree.rest.node('rack1/rack2')).epoch, epoch);
    assert.equal((await tree.rest.get(`/api/v1/nodes/${path}`)).status, 404);
    assert.deepEqual(await remembered(), [0, 0, 0]);

    await api2.up();
    const again = await tree.rest.expect(path, { status: 'up' });
    assert.equal(again.pid, pid, 'it adopts the target that it had left');
  });

  it('by the command line: refused while it is alive, and done once it is gone', async () => {
    const words = ['forget', 'rack1/rack2/api2', '--url', tree.rest.url];
    const refused = new Command(box, words);
    assert.equal((await refused.end()).code, 1);
    assert.match(refused.stderr, /node-alive/);
    await api2.crash();
    await tree.rest.expect('rack1/rack2/api2', { status: 'down' });
    const done = await new Command(box, words).end();
    assert.deepEqual([done.code, done.stdout], [0, 'rack1/rack2/api2: forgotten\n']);
    assert.equal((await tree.rest.get('/api/v1/nodes/rack1/rack2/api2')).status, 404);
  });
});
