/** One command to many leaves, given at the root or at a relay that has nothing above it. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { publish, Tap } from '../support/mqtt-tools.js';
import { type DeepTree, deepTree, type NodeProcess, startLeaf } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import { Sandbox } from '../support/sandbox.js';
import { MISSING, STEADY } from '../support/targets.js';
import { until } from '../support/wait.js';

const APP = ['web1', 'web2', 'web3', 'web4'];

describe('a command to many', { skip: skipWithout('mosquitto_pub', 'mosquitto_sub') }, () => {
  const box = new Sandbox({ after });
  let tree: DeepTree;
  const leaves = new Map<string, NodeProcess>();
  before(async () => {
    tree = await deepTree(box);
    for (const name of APP) leaves.set(name, await tree.leaf({ name, app_name: 'web', target: STEADY }));
    await startLeaf(box, tree.root, { name: 'edge', target: STEADY });
    await tree.rest.expect('edge', { status: 'up' });
  });

  const pids = async (): Promise<Map<string, number | null>> =>
    new Map((await tree.rest.nodes('?kind=leaf')).map(({ path, pid }) => [path, pid]));
  const restart = (more: object, path = '') => tree.rest.command(path, 'restart', more, 30);

  it('says what it would do, and does nothing', async () => {
    const was = await pids();
    const { body } = await restart({ select: { all: true }, args: { dryRun: true } });
    assert.equal(body.status, 'succeeded', JSON.stringify(body));
    assert.deepEqual(
      body.data.results.map((result: { path: string; status: string }) => [result.path, result.status]),
      [['edge', 'planned'], ...APP.map(name => [`rack1/rack2/${name}`, 'planned'])],
    );
    assert.deepEqual(await pids(), was);
  });

  it('reaches those of an app, below the root and below a relay', async () => {
    for (const [path, prefix] of [
      ['', 'rack1/rack2/'],
      ['rack1', 'rack2/'],
    ] as const) {
      const was = await pids();
      const { body } = await restart({ select: { app: 'web' } }, path);
      assert.equal(body.status, 'succeeded', JSON.stringify(body));
      const { expected, succeeded, results } = body.data;
      assert.deepEqual([expected, succeeded], [4, 4]);
      assert.deepEqual(
        results.map((result: { path: string }) => result.path),
        APP.map(name => prefix + name),
      );
      await until(async () => {
        const now = await pids();
        return APP.every(name => now.get(`rack1/rack2/${name}`) !== was.get(`rack1/rack2/${name}`));
      });
      assert.equal((await pids()).get('edge'), was.get('edge'), 'not of the app');
    }
  });

  it('one after the other: never more than one of them is not up', async () => {
    const tap = await Tap.open(box, tree.root.port, 'canopy/+/+/+/state');
    const { body } = await restart({ select: { app: 'web' }, args: { maxUnavailable: 1 } });
    assert.equal(body.status, 'succeeded', JSON.stringify(body));
    const live = () => tap.messages.filter(message => !message.retain);
    const running = () => live().filter(({ json }) => json.phase === 'running').length;
    // The result may overtake the state that it led to.
    await until(() => running() === 4);
    const away = new Set<string>();
    for (const { topic, json } of live()) {
      if (json.phase === 'running') away.delete(topic);
      else away.add(topic);
      assert.ok(away.size <= 1, `${[...away]} at once`);
    }
  });

  it('by plain words at a relay that is cut off from above', async () => {
    await tree.root.crash();
    const tap = await Tap.open(box, tree.rack1.port, 'canopy/res');
    await publish(tree.rack1.port, 'canopy/cmd', 'restart app=web max-unavailable=2 id=words');
    const final = await tap.first(({ json }) => json.id === 'words' && json.done, 20_000);
    assert.deepEqual([final.json.status, final.json.data.succeeded], ['succeeded', 4]);
    const stages = tap.on('canopy/res').map(({ json }) => json.status);
    assert.equal(stages[0], 'accepted');
    assert.equal(stages.filter(status => status === 'running').length, 5, 'that it begins, and its progress');
    await tree.root.up();
    await tree.rest.expect('rack1/rack2/web4', { status: 'up' });
  });

  it('is partial where some cannot, and says which and why', async () => {
    await tree.leaf(
      { name: 'broken', app_name: 'web', target: MISSING, backoff_min: 30 },
      { status: 'down' },
    );
    await (leaves.get('web4') as NodeProcess).crash();
    await tree.rest.expect('rack1/rack2/web4', { status: 'down' });
    const { body } = await restart({ select: { app: 'web' } });
    assert.equal(body.status, 'partial', JSON.stringify(body));
    const { expected, succeeded, failed, unreachable } = body.data;
    assert.deepEqual([expected, succeeded, failed, unreachable], [5, 3, 1, 1]);
    const [broken] = body.data.results;
    assert.deepEqual([broken.path, broken.status], ['rack1/rack2/broken', 'failed']);
    assert.match(broken.error, /spawn-failed.*no-such-program/);
  });

  it('a ping waits for nobody who is down', async () => {
    const more = { select: { app: 'web' }, args: { maxUnavailable: 1, timeout: 2 } };
    const { body } = await tree.rest.command('', 'ping', more);
    assert.equal(body.data.timedOut, 0, JSON.stringify(body));
  });

  it('stops at the first failure where it is told to', async () => {
    const { body } = await restart({ select: { app: 'web' }, args: { stopOnFailure: true, parallelism: 1 } });
    assert.equal(body.data.succeeded, 0, JSON.stringify(body));
    assert.ok(body.data.results.some((result: { status: string }) => result.status === 'skipped'));
  });

  it('refuses what makes no sense, and nothing is half done', async () => {
    const was = await pids();
    const table: [object, string][] = [
      [{ select: {} }, 'bad-argument'],
      [{ select: { app: 'nobody' } }, 'not-found'],
      [{ select: { all: true }, args: { maxUnavailable: 0 } }, 'bad-argument'],
      [{ select: { all: true }, pick: 2, strategy: 'best' }, 'bad-argument'],
    ];
    for (const [more, code] of table) {
      const { body } = await restart(more);
      assert.deepEqual([body.status, body.error?.code], ['rejected', code], JSON.stringify(more));
    }
    const unknown = await tree.rest.ask('POST', '/api/v1/commands', {
      path: '',
      op: 'restart',
      select: { ap: 'x' },
    });
    assert.equal(unknown.status, 400);
    assert.deepEqual(await pids(), was);
  });
});
