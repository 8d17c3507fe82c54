/** What a hostile afternoon found: each of these took a node down or made it tell lies for good. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { freePort } from '../support/mosquitto.js';
import { publish } from '../support/mqtt-tools.js';
import { leafSettings, NodeProcess, QUICK, startLeaf, startRoot } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import { Sandbox } from '../support/sandbox.js';
import { STEADY } from '../support/targets.js';
import { until } from '../support/wait.js';

describe('a node by itself', () => {
  it('stops in order though its parent was never reached', async t => {
    const box = new Sandbox(t);
    const settings = leafSettings({ port: await freePort() }, { name: 'alone', target: STEADY });
    const leaf = await NodeProcess.start(box, settings);
    assert.deepEqual(await leaf.stop(), { code: 0, signal: null }, leaf.output);
    assert.ok(!existsSync(`${leaf.dataDir}/canopy.pid`), 'the pid file is released');
    assert.deepEqual(box.processes(), []);
  });

  it('goes on without its log when the disk is full', async t => {
    const box = new Sandbox(t);
    const port = await freePort();
    const settings = {
      role: 'root',
      port: 0,
      rest_port: port,
      data_dir: box.path('full'),
      log_file: '/dev/full',
      ...QUICK,
    };
    const node = new NodeProcess(box, settings);
    node.launch();
    await until(async () => (await node.rest.get('/readyz').catch(() => null))?.status === 200, 10_000);
    await until(() => node.output.includes('log lines are lost'));
    assert.deepEqual(await node.stop(), { code: 0, signal: null });
  });

  it('says which setting is wrong where its data directory cannot be made', async t => {
    const box = new Sandbox(t);
    const node = new NodeProcess(box, { role: 'root', port: 0, rest_port: 0, data_dir: '/proc/nowhere' });
    node.launch();
    assert.equal((await node.end()).code, 2);
    assert.match(
      node.output,
      /CANOPY_DATA_DIR.*expected a directory that can be made and written to, found .*ENOENT/,
    );
  });
});

describe('a stranger', { skip: skipWithout('mosquitto_pub') }, () => {
  const box = new Sandbox({ after });
  let root: NodeProcess;
  before(async () => {
    root = await startRoot(box);
    await startLeaf(box, root, { name: 'web', target: STEADY });
    await root.rest.expect('web', { status: 'up' });
  });

  const forged = (fields: object): string => JSON.stringify({ v: 1, ts: Date.now(), interval: 1, ...fields });
  const FAR = 9e15;

  it('is not believed about a node that can speak for itself', async () => {
    const { epoch } = await root.rest.node('web');
    const lies: [string, object][] = [
      ['canopy/state', { epoch: FAR, kind: 'root', link: 'lost' }],
      ['canopy/hb', { epoch: FAR, seq: FAR, kind: 'root' }],
      ['canopy/web/state', { epoch: FAR, kind: 'leaf', link: 'offline' }],
      ['canopy/web/hb', { epoch: FAR, seq: FAR, kind: 'leaf' }],
    ];
    for (const [topic, fields] of lies) await publish(root.port, topic, forged(fields), '-r');
    await publish(root.port, 'canopy/web/state', '', '-r');
    // A node that nobody knows is believed; by then the lies have been dealt with.
    await publish(root.port, 'canopy/stranger/state', forged({ epoch: 1, kind: 'leaf', link: 'online' }));
    await root.rest.expect('stranger', { link: 'online' });
    await root.rest.expect('web', { status: 'up', epoch });
    assert.equal((await root.rest.node('')).status, 'up');
  });

  it('does not keep a node that comes later from being heard', async () => {
    await publish(
      root.port,
      'canopy/late/state',
      forged({ epoch: FAR, kind: 'leaf', link: 'online', phase: 'failed' }),
    );
    await root.rest.expect('late', { epoch: FAR });
    await startLeaf(box, root, { name: 'late', target: STEADY });
    const { epoch } = await root.rest.expect('late', { status: 'up', phase: 'running' });
    assert.ok((epoch as number) < FAR);
  });
});

describe('REST', () => {
  const box = new Sandbox({ after });
  let root: NodeProcess;
  before(async () => {
    root = await startRoot(box);
  });
  const send = (body: object) => root.rest.ask('POST', '/api/v1/commands?wait=5', body);

  it('does not answer one command with another', async () => {
    assert.equal((await send({ path: '', op: 'ping', id: 'same' })).body.status, 'succeeded');
    assert.equal((await send({ path: '', op: 'ping', id: 'same' })).status, 200);
    const other = await send({ path: '', op: 'forget', id: 'same' });
    assert.deepEqual([other.status, other.body.code], [409, 'id-in-use']);
  });

  it('refuses an id that no URL can hold, before it sends anything', async () => {
    for (const id of ['\ud800', '.', '..']) {
      const answer = await send({ path: '', op: 'ping', id });
      assert.deepEqual([answer.status, answer.body.code], [400, 'bad-payload'], JSON.stringify(answer.body));
    }
  });

  it('takes a command as MQTT has it, and names the field that it does not know', async () => {
    assert.equal((await send({ v: 1, path: '', op: 'ping' })).body.status, 'succeeded');
    const answer = await send({ path: '', op: 'ping', pth: 'x' });
    assert.equal(answer.status, 400);
    assert.match(answer.body.detail, /body: unknown field "pth"/);
  });

  it('takes JSON only, and only the cursors that it gave', async () => {
    const init = { method: 'POST', body: 'restart', headers: { 'content-type': 'text/plain' } };
    assert.equal((await root.rest.raw('/api/v1/commands', init)).status, 415);
    assert.equal((await root.rest.get('/api/v1/nodes?cursor=!!!')).status, 400);
  });
});
