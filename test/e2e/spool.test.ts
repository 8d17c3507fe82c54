/** A relay that is cut off, and killed in the middle of it: nothing that it had acknowledged is lost, twice or out of order. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { MqttLink } from '../../broker/mqtt-link.js';
import { Tap } from '../support/mqtt-tools.js';
import { startLeaf, startRelay, startRoot } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import { Sandbox } from '../support/sandbox.js';
import { STEADY } from '../support/targets.js';
import { until } from '../support/wait.js';

const noTools = skipWithout('mosquitto_sub');
const EPOCH = 1_790_000_000_000;
const COUNT = 500;

const message = (channel: string, seq: number) => ({
  topic: `canopy/web/${channel}`,
  qos: 1 as const,
  retain: channel === 'state',
  payload: Buffer.from(JSON.stringify({ v: 1, epoch: EPOCH, seq, ts: EPOCH + seq, ...FIELDS[channel] })),
});
const FIELDS: Record<string, object> = {
  evt: { event: 'phase', reason: 'so' },
  state: { kind: 'leaf', app: 'web', link: 'online', phase: 'running', health: 'passing' },
  res: { id: 'a', op: 'ping', status: 'running', done: false },
};

describe('store and forward', { skip: noTools }, () => {
  it('cut, 500 of each told below, the relay killed, restarted, healed: each once and in order at the root', async t => {
    const box = new Sandbox(t);
    const root = await startRoot(box);
    const relay = await startRelay(box, root, { name: 'rack1', rest_port: 0 });
    await root.rest.expect('rack1', { status: 'up' });
    const uplink = async () => (await relay.rest.nodes()).find(({ path }) => path === '')?.uplink;
    assert.equal((await uplink())?.state, 'online');
    const cutAt = Date.now();
    await root.crash();
    await until(() => relay.count(/uplink lost/) > 0);
    const lost = await uplink();
    assert.deepEqual(
      [lost?.state, (lost?.since ?? 0) >= cutAt, (lost?.cause ?? '').length > 0],
      ['lost', true, true],
    );
    const leaf = new MqttLink({
      url: `mqtt://127.0.0.1:${relay.port}`,
      clientId: 'canopy/web/0123456789abcdef',
    });
    t.after(() => leaf.abort());
    const told = (from: number, to: number) => {
      for (let seq = from; seq <= to; seq++)
        for (const channel of ['state', 'evt', 'res']) leaf.publish(message(channel, seq));
    };
    told(1, COUNT / 2);
    assert.ok(await leaf.flush(20_000));
    // All of it was acknowledged; the rest is on its way when the relay dies.
    told(COUNT / 2 + 1, COUNT);
    await relay.crash();
    await relay.up();
    assert.ok(await leaf.flush(20_000));
    await relay.crash();
    await root.up();
    const tap = await Tap.open(box, root.port, 'canopy/rack1/web/#', 'canopy/rack1/evt');
    const from = performance.now();
    await relay.up();
    const seqs = (channel: string) =>
      tap.messages.filter(({ topic }) => topic === `canopy/rack1/web/${channel}`).map(({ json }) => json.seq);
    const all = Array.from({ length: COUNT }, (_, at) => at + 1);
    await until(() => ['state', 'evt', 'res'].every(channel => seqs(channel).at(-1) === COUNT), 20_000);
    assert.ok(performance.now() - from < 20_000);
    for (const channel of ['state', 'evt', 'res'])
      assert.deepEqual(seqs(channel).slice(0, COUNT), all, channel);
    assert.deepEqual([seqs('evt').length, seqs('res').length, seqs('state').length], [COUNT, COUNT, COUNT]);
    await root.rest.expect('rack1/web', node => node.link === 'lost' || node.link === 'online');
    const turns = tap.messages.map(({ json }) => json).filter(({ event }) => event === 'uplink');
    const [first] = turns;
    // Of each of the three processes that were cut off: the last one was back.
    assert.deepEqual([first?.to, turns.at(-1)?.to], ['lost', 'online']);
    assert.ok(Math.abs(first?.ts - (lost?.since ?? 0)) < 1000, 'the time at which it was cut off');
    // Once the parent has all, and the position is kept, nothing comes again.
    assert.equal((await relay.stop()).code, 0);
    await relay.up();
    await root.rest.expect('rack1', { status: 'up' });
    assert.deepEqual([seqs('evt').length, seqs('res').length], [COUNT, COUNT]);
  });
});

describe('a spool that can not be used', () => {
  const box = new Sandbox({ after });

  it('that a newer version has written: the relay runs, keeps it aside, and says so in its log and as an event', async () => {
    const root = await startRoot(box);
    const dir = box.path('newer', 'spool');
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, '0000000001.spool'), 'canopy spool 99\n');
    const relay = await startRelay(box, root, { name: 'newer' });
    await root.rest.expect('newer', { status: 'up' });
    assert.ok(relay.log.some(({ code }) => code === 'spool-newer'));
    assert.ok(readdirSync(dir).some(name => name.includes('.spool.bad-')));
  });

  it('where none can be made: it says so once, and what is below is seen above all the same', async () => {
    const root = await startRoot(box, { name: 'top' });
    mkdirSync(box.path('blocked'));
    writeFileSync(box.path('blocked', 'spool'), '');
    const relay = await startRelay(box, root, { name: 'blocked' });
    await startLeaf(box, relay, { name: 'web', target: STEADY });
    await root.rest.expect('blocked/web', { status: 'up' });
    assert.equal(relay.log.filter(({ code }) => code === 'spool-unwritable').length, 1);
    assert.ok(existsSync(box.path('blocked', 'spool')));
  });
});
