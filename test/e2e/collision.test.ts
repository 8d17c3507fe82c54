/** Two nodes of one name, and a child that beats slower than its parent's timeout. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Tap } from '../support/mqtt-tools.js';
import { leafSettings, NodeProcess, startLeaf, startRelay, startRoot } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import { Sandbox } from '../support/sandbox.js';
import { STEADY } from '../support/targets.js';
import { until } from '../support/wait.js';

const skip = skipWithout('mosquitto_sub') || (process.platform !== 'linux' && 'needs /proc');

describe('two nodes of one name', { skip }, () => {
  it('a second leaf is refused while the first lives, and its target never starts', async t => {
    const box = new Sandbox(t);
    const root = await startRoot(box);
    const tap = await Tap.open(box, root.port, 'canopy/evt');
    const marker = (which: string) => box.path(`${which}.ran`);
    const settings = (which: string) => ({
      name: 'web',
      data_dir: box.path(which),
      target: `sh -c 'touch ${marker(which)}; exec sleep 3600'`,
    });
    const first = await startLeaf(box, root, settings('first'));
    const { epoch, pid } = await root.rest.expect('web', { status: 'up' });
    await until(() => existsSync(marker('first')));

    const second = new NodeProcess(box, leafSettings(root, settings('second')));
    second.launch();
    assert.deepEqual(await second.end(), { code: 1, signal: null });
    assert.match(second.output, /name-taken: .*another live node has this name/);
    const { json } = await tap.first(message => message.json?.code === 'name-taken');
    assert.deepEqual([json.event, json.count], ['refused', 1]);
    assert.match(json.reason, /another live node is named web.*client "canopy\/web\//);
    const still = await root.rest.node('web');
    assert.deepEqual([still.status, still.epoch, still.pid], ['up', epoch, pid]);
    assert.equal(first.count(/uplink lost/), 0);
    assert.ok(!existsSync(marker('second')));

    await first.stop();
    await second.up();
    await root.rest.expect('web', it => it.status === 'up' && it.epoch !== epoch);
    await until(() => existsSync(marker('second')));
  });

  it('a leaf that was killed and comes back takes its place at once', async t => {
    const box = new Sandbox(t);
    const root = await startRoot(box);
    const leaf = await startLeaf(box, root, { name: 'web', target: STEADY });
    const { epoch } = await root.rest.expect('web', { status: 'up' });
    await leaf.crash();
    await leaf.up();
    await root.rest.expect('web', it => it.status === 'up' && (it.epoch as number) > (epoch as number), 1000);
    assert.equal(leaf.count(/another live node/), 0);
  });

  it('a leaf that comes back over a connection that hangs takes its place as well', async t => {
    const box = new Sandbox(t);
    const root = await startRoot(box, { timeout: 20 });
    const leaf = await startLeaf(box, root, { name: 'web', target: STEADY });
    const { epoch } = await root.rest.expect('web', { status: 'up' });
    // It holds its connection for ever; as after a power cut, nobody tells the broker.
    leaf.signal('SIGSTOP');
    // Where it comes back it is known for the same, and the process that hangs is on no machine any more.
    const [data_dir, keep] = [
      box.path('again'),
      (path: string) => !/\/(target\.run|canopy\.pid)$/.test(path),
    ];
    cpSync(box.path('web'), data_dir, { recursive: true, filter: keep });
    const installation = join(data_dir, 'installation.json');
    const { directory: _elsewhere, ...same } = JSON.parse(readFileSync(installation, 'utf8'));
    writeFileSync(installation, JSON.stringify(same));
    const reborn = await startLeaf(box, root, { name: 'web', target: STEADY, data_dir });
    await root.rest.expect('web', it => it.status === 'up' && (it.epoch as number) > (epoch as number), 2000);
    assert.equal(reborn.count(/another live node/), 0);
  });

  it('a second relay stays a control plane for what is below it, and says why', async t => {
    const box = new Sandbox(t);
    const root = await startRoot(box);
    const tap = await Tap.open(box, root.port, 'canopy/evt');
    const first = await startRelay(box, root, { name: 'rack1', data_dir: box.path('first') });
    await startLeaf(box, first, { name: 'web', target: STEADY });
    await root.rest.expect('rack1/web', { status: 'up' });
    const { epoch } = await root.rest.node('rack1');

    const second = await startRelay(box, root, { name: 'rack1', data_dir: box.path('second'), rest_port: 0 });
    await startLeaf(box, second, { name: 'other', target: STEADY });
    await second.rest.expect('other', { status: 'up' });
    assert.equal((await second.rest.command('other', 'restart')).body.status, 'succeeded');
    const refused = await until(() => second.log.find(line => line.code === 'name-taken'));
    assert.match(refused.msg, /refused: another live node has this name/);
    assert.equal((await second.rest.get('/readyz')).body.uplink, 'connecting');
    const { json } = await tap.first(message => message.json?.code === 'name-taken');
    assert.match(json.reason, /another live node is named rack1/);
    assert.equal((await root.rest.node('rack1')).epoch, epoch);
    assert.equal(first.count(/uplink lost/), 0);
    assert.deepEqual((await root.rest.node('rack1')).children, ['web']);

    await first.stop();
    await root.rest.expect('rack1/other', { status: 'up' });
    assert.equal((await root.rest.command('rack1/other', 'ping')).body.status, 'succeeded');
  });
});

describe('a child that beats slower than the timeout of its parent', { skip }, () => {
  it('is told of once and never declared lost for it', async t => {
    const box = new Sandbox(t);
    const root = await startRoot(box, { hb_interval: 0.2, timeout: 0.5 });
    const tap = await Tap.open(box, root.port, 'canopy/#');
    await startLeaf(box, root, { name: 'slow', target: STEADY, hb_interval: 0.7 });
    // Five intervals are seven timeouts.
    const beats = () => tap.on('canopy/slow/hb');
    await until(() => beats().length >= 6, 10_000, 'six heartbeats');
    const told = tap.on('canopy/evt').filter(({ json }) => json.event === 'misconfigured');
    assert.equal(told.length, 1, JSON.stringify(told));
    assert.equal(told[0]?.json.path, 'slow');
    assert.match(
      told[0]?.json.reason,
      /beats every 0\.7 s while the timeout of its parent is 0\.5 s.*CANOPY_TIMEOUT must be higher/,
    );
    const links = tap.on('canopy/slow/state').map(({ json }) => json.link);
    assert.deepEqual(
      links.filter(link => link !== 'online'),
      [],
    );
    assert.equal(
      tap.on('canopy/evt').filter(({ json }) => json.event === 'link' && json.to === 'lost').length,
      0,
    );
    assert.equal((await root.rest.node('slow')).status, 'up');
  });
});
