/** Attacks on a tree of real processes. For each: what happened, what was said of it, and that the honest noticed nothing. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, afterEach, before, beforeEach, describe, it, type TestContext } from 'node:test';
import { Honest } from '../fuzz/honest.js';
import { type NodeProcess, startLeaf, startRelay, startRoot } from '../support/nodes.js';
import {
  connectPacket,
  DISCONNECT,
  publishPacket,
  RawClient,
  subscribePacket,
  TYPE,
} from '../support/raw-mqtt.js';
import { Sandbox } from '../support/sandbox.js';
import { STEADY } from '../support/targets.js';
import { until } from '../support/wait.js';

const MB = 1024 * 1024;
/** The attackers' address: the honest have another one. */
const EVIL = '127.0.0.2';
/** Needs as many descriptors here, and those that the root takes there: lower it where `ulimit -n` is below 12,000. */
const CONNECTIONS = Number(process.env.CANOPY_TEST_CONNECTIONS ?? 10_000);
const PER_ADDRESS = 1000;
/** Writes some 5 MB a second for as long as it lives. */
const CHATTY =
  'node -e "setInterval(() => console.log(\'x\'.repeat(1000).concat(String.fromCharCode(10)).repeat(50)), 10)"';

describe('attacks', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  const box = new Sandbox({ after });
  let [root, rack, web]: NodeProcess[] = [];
  let honest: Honest;
  const open: Socket[] = [];

  const at = (node: NodeProcess | undefined): NodeProcess => node as NodeProcess;

  before(async () => {
    const settings = { timeout: 10, connect_timeout: 1, max_per_address: PER_ADDRESS };
    root = await startRoot(box, settings);
    rack = await startRelay(box, root, { name: 'rack1', ...settings });
    web = await startLeaf(box, rack, { name: 'web', target: STEADY });
    await root.rest.expect('rack1/web', { status: 'up' });
  });
  beforeEach(async () => {
    honest = await Honest.watch(at(root), 'rack1/web');
  });
  afterEach(() => {
    for (const socket of open.splice(0)) socket.destroy();
  });

  /** Says what became of an attack, and holds that the honest noticed nothing. */
  async function unharmed(
    t: TestContext | { diagnostic(text: string): void },
    codes: readonly string[],
  ): Promise<void> {
    const said = await honest.end();
    const told = codes.map(code => `${code} ${count(code)}`).join(', ');
    t.diagnostic(`told: ${told || 'nothing'}; honest: ${said}`);
    assert.deepEqual(honest.failed, []);
    assert.ok(honest.longestGap < 10_000, said);
    for (const code of codes) assert.ok(count(code) > 0, `${code} was not logged`);
    for (const node of [root, rack, web]) assert.ok(at(node).isRunning, at(node).output.slice(-2000));
    assert.deepEqual([at(rack).count(/uplink lost/), at(web).count(/uplink lost/)], [0, 0]);
    await at(root).rest.expect('rack1/web', { status: 'up' });
  }

  /** Of a code, how often the brokers have logged it; one line stands for many within ten seconds. */
  const count = (code: string): number =>
    [root, rack].flatMap(node => at(node).log).filter(line => line.code === code).length;

  function dial(port: number): Socket {
    const socket = connect({ port, host: '127.0.0.1', localAddress: EVIL });
    socket.on('error', () => {}).resume();
    open.push(socket);
    return socket;
  }

  const closed = (sockets: readonly Socket[], deadlineMs: number): Promise<true> =>
    until(() => sockets.every(socket => socket.destroyed) || null, deadlineMs, 'all of them are closed');

  it('a slow loris on MQTT: cut off after connect_timeout, however it drips', async t => {
    const sockets = Array.from({ length: 300 }, () => dial(at(root).port));
    // Never all of it: on a machine with much to do it may take longer than this drips.
    const bytes = connectPacket({ clientId: 'slow' }).subarray(0, -1);
    let sent = 0;
    const drip = setInterval(() => {
      for (const socket of sockets.slice(150))
        if (!socket.destroyed) socket.write(bytes.subarray(sent, sent + 1));
      sent += 1;
    }, 200);
    await closed(sockets, 30_000).finally(() => clearInterval(drip));
    await unharmed(t, ['connect-timeout']);
  });

  it('a slow loris on HTTP: one address has a part of the places, the others are answered', async t => {
    const sockets = Array.from({ length: 400 }, () => dial(Number(at(root).settings.rest_port)));
    for (const socket of sockets) socket.write('GET /api/v1/tree HTTP/1.1\r\nhost: x\r\nx-a: ');
    const drip = setInterval(() => {
      for (const socket of sockets) if (!socket.destroyed) socket.write('a');
    }, 300);
    try {
      for (let round = 0; round < 10; round++)
        assert.equal((await at(root).rest.get('/api/v1/tree')).status, 200);
      t.diagnostic(`${sockets.filter(socket => !socket.destroyed).length} of 400 connections are held`);
      await unharmed(t, []);
    } finally {
      clearInterval(drip);
    }
  });

  it(`${CONNECTIONS} connections of one address: it has its ${PER_ADDRESS}, and everybody else his`, async t => {
    const port = at(root).port;
    const sockets: Socket[] = [];
    while (sockets.length < CONNECTIONS) {
      const some = Array.from({ length: Math.min(500, CONNECTIONS - sockets.length) }, () => dial(port));
      for (const [nth, socket] of some.entries())
        socket.write(connectPacket({ clientId: `one-of-many-${sockets.length + nth}` }));
      sockets.push(...some);
      await until(() => some.every(socket => !socket.connecting) || null, 60_000, 'all have been dialled');
    }
    const other = await RawClient.open(port, { clientId: 'latecomer' });
    await other.fence();
    other.destroy();
    const left = (): number => sockets.filter(socket => !socket.destroyed).length;
    await until(() => left() <= PER_ADDRESS || null, 60_000, `no more than ${PER_ADDRESS} are left`);
    const metrics = String((await at(root).rest.get('/metrics')).body);
    const refused = Number(/limit="too-many-from-address"} (\d+)/.exec(metrics)?.[1] ?? 0);
    t.diagnostic(`${CONNECTIONS} dialled, ${refused} of them refused as too many of ${EVIL}`);
    assert.ok(refused >= CONNECTIONS - PER_ADDRESS, `${refused} refused`);
    await unharmed(t, ['too-many-from-address']);
  });

  it('a retained command planted in advance is not there for the leaf that comes', async t => {
    const evil = await RawClient.open(at(rack).port, { clientId: 'planter' });
    for (const topic of ['canopy/db/cmd', 'canopy/db/_flow'])
      evil.send(publishPacket(topic, 'stop', { qos: 1, retain: true }));
    await evil.expect(TYPE.puback, 2);
    evil.destroy();
    const db = await startLeaf(box, at(rack), { name: 'db', target: STEADY });
    await at(root).rest.expect('rack1/db', { status: 'up' });
    assert.equal(db.count(/stop/i), 0, db.output);
    await unharmed(t, ['retained-command']);
    await db.stop();
  });

  it('a poison will: refused with its CONNECT, or when it fires', async t => {
    const refused = ['canopy/+/state', '$SYS/x', 'a/#', 'canopy/web/nope'];
    for (const topic of refused)
      assert.equal(
        await new RawClient(at(root).port).connect({ clientId: 'poison', will: { topic, payload: 'x' } }),
        5,
        topic,
      );
    const lost =
      '{"v":1,"epoch":9790000000000,"ts":9790000000000,"kind":"leaf","link":"lost","phase":"failed"}';
    for (const topic of ['canopy/rack1/web/state', 'canopy/rack1/state']) {
      const evil = new RawClient(at(root).port);
      await evil.connect({ clientId: 'poison', will: { topic, payload: lost, retain: true } });
      evil.destroy();
    }
    const late = await RawClient.open(at(root).port, { clientId: 'looks' });
    await late.fence();
    late.destroy();
    await unharmed(t, ['bad-topic', 'not-authorized']);
  });

  it('a leaf that poses as its neighbour: refused its name, its channels and its commands', async t => {
    const posing = new RawClient(at(rack).port);
    assert.equal(await posing.connect({ clientId: 'canopy/web/00000000deadbeef' }), 2);
    const evil = await RawClient.open(at(rack).port, { clientId: 'canopy/evil/00000000deadbeef' });
    const lies = ['hb', 'state', 'evt', 'res', 'log', '_log'].map(channel => `canopy/web/${channel}`);
    for (const topic of lies) evil.send(publishPacket(topic, '{"v":1}', { qos: 1 }));
    await evil.expect(TYPE.puback, lies.length);
    assert.deepEqual(await evil.subscribe(['canopy/web/cmd', 'canopy/+/cmd', '#'], 1), [128, 128, 128]);
    evil.send(DISCONNECT);
    await unharmed(t, ['name-taken', 'not-authorized']);
  });

  it('a relay that publishes outside itself: refused', async t => {
    const evil = await RawClient.open(at(root).port, { clientId: 'canopy/rack9/00000000deadbeef' });
    const lies = [
      'canopy/rack1/web/state',
      'canopy/rack1/hb',
      'canopy/state',
      'canopy/rack1/web/cmd',
      'canopy/cmd',
      'x',
    ];
    for (const topic of lies) evil.send(publishPacket(topic, 'stop', { qos: 1, retain: false }));
    await evil.expect(TYPE.puback, lies.length);
    assert.deepEqual(await evil.subscribe(['canopy/rack1/#', 'canopy/#'], 1), [128, 128]);
    evil.send(DISCONNECT);
    assert.equal(at(web).count(/stop/i), 0);
    await unharmed(t, ['not-authorized']);
  });

  it('a follower of a log who never reads: what is for him is dropped, or he is', async t => {
    const chatty = await startLeaf(box, at(rack), { name: 'chatty', target: CHATTY });
    await at(root).rest.expect('rack1/chatty', { status: 'up' });
    const before = at(root).rss();
    const evil = Array.from({ length: 5 }, () => new RawClient(at(root).port));
    for (const [nth, client] of evil.entries()) {
      client.send(
        connectPacket({ clientId: `deaf${nth}` }),
        subscribePacket(['canopy/rack1/chatty/log'], nth % 2),
      );
      await client.expect(TYPE.suback, 1);
      client.socket.pause();
    }
    await until(() => count('slow-subscriber') > 0, 60_000, 'a slow subscriber is told');
    const grown = Math.round((at(root).rss() - before) / MB);
    t.diagnostic(`the root has grown by ${grown} MB`);
    assert.ok(grown < 100, `${grown} MB`);
    for (const client of evil) client.destroy();
    await unharmed(t, ['slow-subscriber']);
    await chatty.stop();
  });
});
