/** Whatever comes in on the MQTT ports: clear refusals, no crash, no flapping link, memory bounded. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Tap } from '../support/mqtt-tools.js';
import { type NodeProcess, startLeaf, startRelay, startRoot } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import { DISCONNECT, publishPacket, RawClient, TYPE, varint } from '../support/raw-mqtt.js';
import type { NodeView } from '../support/rest.js';
import { Sandbox } from '../support/sandbox.js';
import { lives, STEADY } from '../support/targets.js';
import { until } from '../support/wait.js';

const MB = 1024 * 1024;
/** The young generation that Node 20 has by default: with the larger one of 24, V8 keeps 40 MB more of what is garbage to it, too. */
process.env.NODE_OPTIONS = '--max-semi-space-size=16';
const CHANNELS = ['hb', 'state', 'evt', 'cmd', 'res', 'log'] as const;
const ROUNDS = 105;

const noTools = skipWithout('mosquitto_sub');
const skip = noTools || (process.platform !== 'linux' && 'needs /proc');

describe('garbage on the MQTT port', { skip }, () => {
  const box = new Sandbox({ after });
  let root: NodeProcess;
  let relay: NodeProcess;
  let leaf: NodeProcess;
  let nodes: NodeProcess[];
  let tap: Tap;
  let rss: number[];
  /** Those who sent bytes without a meaning. */
  const strangers: RawClient[] = [];
  let known: { relay: NodeView; leaf: NodeView };
  const both = <T>(act: (port: number) => Promise<T>) => Promise.all([root, relay].map(it => act(it.port)));

  before(async () => {
    root = await startRoot(box);
    relay = await startRelay(box, root, { name: 'rack1' });
    leaf = await startLeaf(box, relay, { name: 'web', target: STEADY });
    nodes = [root, relay];
    tap = await Tap.open(box, root.port, 'canopy/evt', 'canopy/rack1/evt');
    await root.rest.expect('rack1/web', node => node.status === 'up' && node.heartbeat !== null);
    known = { relay: await root.rest.node('rack1'), leaf: await root.rest.node('rack1/web') };
    rss = nodes.map(it => it.rss());
  });

  /** All is as it was, and as small. */
  async function unharmed(): Promise<void> {
    assert.deepEqual(
      [root, relay, leaf].map(it => it.isRunning),
      [true, true, true],
    );
    const now = { relay: await root.rest.node('rack1'), leaf: await root.rest.node('rack1/web') };
    for (const which of ['relay', 'leaf'] as const) {
      const { epoch, since, link, status } = known[which];
      const found = now[which];
      assert.deepEqual(
        { epoch: found.epoch, since: found.since, link: found.link, status: found.status },
        { epoch, since, link, status },
        which,
      );
    }
    assert.equal(now.leaf.pid, known.leaf.pid);
    assert.ok(lives(known.leaf.pid as number));
    assert.deepEqual([relay.count(/uplink lost/), leaf.count(/uplink lost/)], [0, 0]);
    for (const [at, node] of nodes.entries()) {
      const [size, grown] = [node.rss() / MB, (node.rss() - (rss[at] as number)) / MB];
      assert.ok(size < 200 && grown < 80, `${node.settings.name}: ${size} MB, ${grown} more than before`);
    }
  }

  /** Waits until a heartbeat that was sent later than now has come through. */
  async function nextBeat(): Promise<void> {
    const { heartbeat } = await root.rest.node('rack1/web');
    const seq = heartbeat?.seq as number;
    await root.rest.expect('rack1/web', node => (node.heartbeat?.seq as number) > seq + 1, 3000);
  }

  it('random bytes, with and without a CONNECT before them', async () => {
    const random = bytesFrom(1);
    await both(async port => {
      const unknown = Array.from({ length: 40 }, () => new RawClient(port));
      const known = Array.from({ length: 20 }, (_, at) =>
        RawClient.open(port, { clientId: `stranger${at}`, keepalive: 2 }),
      );
      strangers.push(...unknown, ...(await Promise.all(known)));
    });
    for (const stranger of strangers) stranger.send(random(4096));
    await nextBeat();
    await unharmed();
  });

  it('a claim to be 100 MB long: closed before any of it is kept', async () => {
    await both(async port => {
      for (const connected of [false, true]) {
        const client = connected ? await RawClient.open(port, { clientId: 'claimer' }) : new RawClient(port);
        const head = connected ? 0x30 : 0x10;
        client.send(Buffer.concat([Buffer.from([head]), varint(100 * MB), Buffer.alloc(65_536)]));
        await client.ended();
      }
    });
    await unharmed();
  });

  it('a topic of 65,530 characters, or with a wildcard: acknowledged, dropped, told', async () => {
    await both(async port => {
      const client = await RawClient.open(port, { clientId: 'long' });
      const topics = [`canopy/${'x'.repeat(65_530 - 7)}`, 'canopy/+/state', 'canopy/web/#', 'canopy//'];
      for (const [at, topic] of topics.entries())
        client.send(publishPacket(topic, '{}', { qos: 1, id: at + 7, retain: true }));
      const acks = await client.expect(TYPE.puback, topics.length);
      assert.deepEqual(
        acks.map(({ body }) => body.readUInt16BE(0)),
        topics.map((_, at) => at + 7),
      );
      await client.fence();
      client.send(DISCONNECT);
    });
    await refusedAt('canopy/evt', 'bad-topic');
    await refusedAt('canopy/rack1/evt', 'bad-topic');
    await unharmed();
  });

  it('a will topic with a wildcard: refused at the CONNECT', async () => {
    await both(async port => {
      for (const topic of ['canopy/+/state', 'canopy/#', '+', '']) {
        const client = new RawClient(port);
        const code = await client
          .connect({ clientId: 'poison', will: { topic, payload: 'x', retain: true } })
          .catch(() => 'closed');
        assert.notEqual(code, 0, topic);
        await client.ended();
      }
    });
    await unharmed();
  });

  it('payloads of every wrong kind on every channel of leaf, relay and root', async () => {
    const before = tap.messages.length;
    const random = bytesFrom(3);
    let sent = 0;
    const pelt = async (port: number, clientId: string, names: string[]): Promise<void> => {
      const client = await RawClient.open(port, { clientId });
      const topics = names.flatMap(name => CHANNELS.map(channel => `${name}/${channel}`));
      for (let round = 0; round < ROUNDS; round++) {
        const options = { qos: round % 2, retain: round % 3 === 0, id: round + 1 };
        client.send(...topics.map(topic => publishPacket(topic, garbage(round, random), options)));
        sent += topics.length;
        if (round % 20 === 0) await client.fence();
      }
      await client.fence();
      client.destroy();
    };
    // By a stranger, about those who are connected and one who is not; and by a node that has lost its mind.
    await both(async port => {
      const names = port === root.port ? ['canopy/rack1/web', 'canopy/rack1'] : ['canopy/web', 'canopy'];
      await pelt(port, 'vandal', [...names, 'canopy/ghost']);
      await pelt(port, 'canopy/broken/0123456789abcdef', ['canopy/broken']);
    });
    assert.ok(sent >= 5000, `${sent}`);
    await nextBeat();
    await unharmed();
    const paths = (await root.rest.nodes()).map(({ path }) => path).sort();
    assert.deepEqual(paths, ['', 'rack1', 'rack1/web'], 'no node came of it');

    const told = tap.messages.slice(before).map(({ topic, json }) => `${topic} ${json.event} ${json.code}`);
    for (const from of ['canopy/evt', 'canopy/rack1/evt'])
      assert.ok(told.includes(`${from} malformed bad-payload`), `${told}`);
    assert.ok(told.length <= 12, `a storm of ${sent} makes few events: ${told}`);
  });

  it('no stranger is kept who sent what may be the beginning of a long packet', async () => {
    assert.equal(strangers.length, 120);
    await Promise.all(strangers.map(stranger => stranger.ended(6000)));
  });

  it('and afterwards the leaf still obeys', async () => {
    const { body } = await root.rest.command('rack1/web', 'restart');
    assert.equal(body.status, 'succeeded', JSON.stringify(body));
    await root.rest.expect('rack1/web', { status: 'up', pid: body.data.pid });
    assert.deepEqual((await root.rest.command('rack1', 'ping')).body.status, 'succeeded');
  });

  const refusedAt = (topic: string, code: string) =>
    until(
      () => tap.on(topic).some(({ json }) => json.event === 'refused' && json.code === code),
      5000,
      `${topic} tells ${code}`,
    );
});

const nested = (depth: number, open: string, close: string, heart: string) =>
  open.repeat(depth) + heart + close.repeat(depth);

/** Every wrong kind in turn. Never empty: an empty retained state is no garbage, it forgets the node. */
function garbage(round: number, random: (count: number) => Buffer): string | Buffer {
  const fields = WRONG_TYPES[round % WRONG_TYPES.length] as object;
  const kinds: (() => string | Buffer)[] = [
    () => random(1 + ((round * 37) % 3000)),
    () => '{"v":1,"epoch":1790000000000,"seq":',
    () => '[]',
    () => ['null', '42', 'true', '"text"', '-', 'NaN', ' ', '\u0000', '\ufeff{}'][round % 9] as string,
    () => nested(20_000, '[', ']', ''),
    () => nested(20_000, '{"a":', '}', '1'),
    () => `{"v":1,"op":"signal","args":{"signal":${nested(15_000, '[', ']', '1')}}}`,
    () => JSON.stringify({ v: 1, ...fields }),
    () => JSON.stringify({ v: 2, op: 'restart' }),
    () => `{"__proto__":{"v":1},"constructor":1,"v":${'1'.repeat(400)}}`,
    () => Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]),
    () => `{"v":1,"padding":"${'p'.repeat(round % 4 === 0 ? 200_000 : 2000)}"`,
    () => 'state hb res log evt restart?',
  ];
  return (kinds[round % kinds.length] as () => string | Buffer)();
}

const WRONG_TYPES: readonly object[] = [
  { epoch: '1790000000000', seq: 1, ts: 1, interval: 1, kind: 'leaf', link: 'online' },
  { epoch: -1, seq: 1, ts: 1, interval: 1, kind: 'leaf', link: 'online', op: 7 },
  { epoch: 1e300, seq: 1.5, ts: null, interval: 0, kind: 'king', link: 'gone', op: '' },
  { epoch: 1, seq: 1, ts: 1, interval: -1, kind: ['leaf'], link: {}, op: 'restart', args: 'x' },
  { epoch: 1, id: 'x'.repeat(500), op: 'restart', status: 'splendid', done: 'yes', lines: [1] },
  { epoch: 1, op: 'restart', select: { all: 'yes' }, pick: -1, lines: 'x', gap: [] },
  { op: 'signal', args: { signal: { toString: 1, valueOf: 1 } }, event: 1, reason: 2 },
  { op: 'toString', args: { ['__proto__']: 1 }, event: 'x'.repeat(100), reason: 'y'.repeat(2000) },
];

/** The same bytes at every run (mulberry32), so that a failure can be seen again. */
function bytesFrom(seed: number): (count: number) => Buffer {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) & 0xff;
  };
  return count => Buffer.from(Array.from({ length: count }, next));
}
