/** Nodes once seen stay known over kill -9 of root and relays, until they are forgotten, everywhere. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { publish, Tap } from '../support/mqtt-tools.js';
import { type DeepTree, deepTree, type NodeProcess } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import { Sandbox } from '../support/sandbox.js';
import { STEADY } from '../support/targets.js';
import { until } from '../support/wait.js';

const skip = skipWithout('mosquitto_sub', 'mosquitto_pub') || (process.platform !== 'linux' && 'needs /proc');
const api1 = 'rack1/rack2/api1';
const api2 = 'rack1/rack2/api2';

describe('the roster', { skip }, () => {
  const box = new Sandbox({ after });
  let tree: DeepTree;
  let [leaf1, leaf2]: NodeProcess[] = [];
  before(async () => {
    tree = await deepTree(box);
    [leaf1, leaf2] = await Promise.all([
      tree.leaf({ name: 'api1', target: STEADY, labels: 'zone=a' }),
      tree.leaf({ name: 'api2', target: STEADY }),
    ]);
  });
  const gone = (node: NodeProcess, path: string) =>
    until(
      async () => (await node.rest.get(`/api/v1/nodes/${path}`)).status === 404,
      10_000,
      `${path} is gone`,
    );
  /** States that a broker has retained, these among them: what is published meanwhile may come before the last of them. */
  const retained = async ({ port }: NodeProcess, ...paths: string[]) => {
    const tap = await Tap.open(box, port, 'canopy/#', 'marker');
    await publish(port, 'marker', 'x');
    await tap.first(({ topic }) => topic === 'marker');
    const states = () =>
      new Map(tap.messages.filter(({ retain }) => retain).map(({ topic, json }) => [topic, json]));
    await until(() => paths.every(path => states().has(`canopy/${path}/state`)));
    return states();
  };

  it('a root killed: what was lost stays lost with its times, who comes back is up, who does not is down', async t => {
    t.after(() => tree.rack1.signal('SIGCONT'));
    await leaf2?.crash();
    const lost = await tree.rest.expect(api2, { status: 'down', cause: 'will' });
    await until(() => readFileSync(join(tree.root.dataDir, 'roster.jsonl'), 'utf8').includes('"will"'));
    await tree.root.crash();
    tree.rack1.signal('SIGSTOP');
    await tree.root.up();
    const [rack1, one, two] = await Promise.all(['rack1', api1, api2].map(path => tree.rest.node(path)));
    assert.deepEqual([rack1?.status, one?.status, one?.phase], ['unknown', 'unknown', 'running']);
    assert.deepEqual([two?.link, two?.cause === null || two?.cause === 'will'], ['lost', true]);
    const states = await retained(tree.root, api1, api2);
    assert.deepEqual(states.get(`canopy/${api1}/state`)?.labels, { zone: 'a' });
    assert.equal(states.get(`canopy/${api2}/state`)?.link, 'lost');
    const down = await tree.rest.expect('rack1', { status: 'down', cause: 'timeout' });
    assert.equal((await tree.rest.node(api1)).blockedBy, 'rack1');
    tree.rack1.signal('SIGCONT');
    await tree.rest.expect(api1, { status: 'up' });
    const again = await tree.rest.expect(api2, { status: 'down', cause: 'will' });
    assert.ok(Math.abs(again.since - lost.since) < 1000 && down.since > lost.since, 'since when it is lost');
  });

  it('a relay killed with its leaf: it knows the leaf, and says that it is lost', async () => {
    const { epoch } = await tree.rest.node('rack1/rack2');
    await tree.rack2.crash();
    await leaf1?.crash();
    await tree.rack2.up();
    await tree.rest.expect('rack1/rack2', node => node.status === 'up' && node.epoch !== epoch);
    const found = await tree.rest.expect(api1, { status: 'down', cause: 'timeout' });
    assert.equal(found.link, 'lost');
    await leaf1?.up();
    await tree.rest.expect(api1, { status: 'up' });
  });

  it('forgotten while a hop was away, over a restart of root and hop: forgotten everywhere', async () => {
    await tree.rack1.crash();
    await tree.rest.expect('rack1', { status: 'down' });
    assert.equal((await tree.rest.ask('DELETE', `/api/v1/nodes/${api2}`)).status, 204);
    await tree.root.crash();
    await tree.root.up();
    await gone(tree.root, api2);
    await tree.rack1.up();
    await tree.rest.expect(api1, { status: 'up' });
    await gone(tree.root, api2);
    await until(
      async () => !(await retained(tree.rack2)).has('canopy/api2/state'),
      15_000,
      'rack2 has forgotten it',
    );
    for (const [node, topic] of [
      [tree.root, `canopy/${api2}/state`],
      [tree.rack1, 'canopy/rack2/api2/state'],
    ] as const)
      assert.equal((await retained(node)).has(topic), false, topic);
    await leaf2?.up();
    await tree.rest.expect(api2, { status: 'up' });
  });

  it('forgotten while it was away, but alive: its relay keeps it, and it is simply new', async () => {
    tree.rack1.signal('SIGSTOP');
    await tree.rest.expect('rack1', { status: 'down' });
    assert.equal((await tree.rest.ask('DELETE', `/api/v1/nodes/${api1}`)).status, 204);
    await gone(tree.root, api1);
    tree.rack1.signal('SIGCONT');
    await tree.rest.expect(api1, { status: 'up' });
    await until(async () => (await retained(tree.root)).has(`canopy/${api1}/state`));
  });

  it('forgotten below while the parent was away, over a restart of the relay: the parent forgets it', async () => {
    await leaf2?.crash();
    await tree.rest.expect(api2, { status: 'down' });
    await tree.rack1.crash();
    await publish(tree.rack2.port, 'canopy/cmd', 'forget path=api2');
    await until(async () => !(await retained(tree.rack2)).has('canopy/api2/state'));
    await tree.rack2.crash();
    await tree.rack2.up();
    await tree.rack1.up();
    await tree.rest.expect(api1, { status: 'up' });
    await gone(tree.root, api2);
    assert.equal((await retained(tree.rack1)).has('canopy/rack2/api2/state'), false);
  });

  it('an ephemeral leaf is forgotten after its goodbye, at every hop, and not when it is killed', async () => {
    const leaf = await tree.leaf({ name: 'job', target: STEADY, ephemeral: true });
    await leaf.crash();
    await tree.rest.expect('rack1/rack2/job', { status: 'down' });
    await leaf.up();
    await tree.rest.expect('rack1/rack2/job', { status: 'up' });
    await leaf.stop();
    await gone(tree.root, 'rack1/rack2/job');
    for (const node of [tree.root, tree.rack1, tree.rack2])
      assert.deepEqual(
        [...(await retained(node)).keys()].filter(topic => topic.includes('job')),
        [],
      );
  });

  it('a roster that is spoilt, or of a newer version: said with its code, set aside, and it runs', async () => {
    const file = join(tree.root.dataDir, 'roster.jsonl');
    for (const [text, code] of [
      ['{"v":1}\nrubbish\n', 'bad-roster'],
      ['{"v":99}\n', 'newer-roster'],
    ] as const) {
      await tree.root.crash();
      writeFileSync(file, text);
      await tree.root.up();
      const line = tree.root.log.findLast(line => line.code === code);
      assert.match(line?.msg ?? '', /it is set aside as .*roster\.jsonl\.bad-/);
      await tree.rest.expect(api1, { status: 'up' });
    }
  });
});
