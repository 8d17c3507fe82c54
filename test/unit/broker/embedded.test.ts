import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { RetainedStore } from '../../../broker/aedes/retained.js';
import { BoundedStore } from '../../../broker/aedes/store.js';
import { type BrokerOptions, EmbeddedBroker } from '../../../broker/embedded.js';
import { MqttLink } from '../../../broker/mqtt-link.js';
import {
  believing,
  collect,
  identify,
  inState,
  message,
  RULES,
  relay,
  startBroker,
  texts,
} from '../../support/broker.js';
import { DISCONNECT, publishPacket, RawClient, TYPE } from '../../support/raw-mqtt.js';
import { until } from '../../support/wait.js';

const brokers: EmbeddedBroker[] = [];
const start = async (overrides: Partial<BrokerOptions> = {}) => {
  const started = await startBroker(overrides);
  brokers.push(started.broker);
  return started;
};
after(() => Promise.all(brokers.map(broker => broker.close())));

const will = { topic: 'canopy/web/state', payload: 'lost', retain: true };

test('a port that is taken is an error that names it', async () => {
  const { port } = await start();
  const again = {
    host: '127.0.0.1',
    port,
    rules: RULES,
    identify,
    ...believing(),
    admit: () => ({ code: '', reason: '' }),
    onRefused: () => {},
  };
  await assert.rejects(EmbeddedBroker.listen(again), {
    code: 'EADDRINUSE',
    message: new RegExp(`127\\.0\\.0\\.1:${port}`),
  });
});

test('an orderly end publishes no will, drops everyone and frees the port', async () => {
  const { broker, port, admitted } = await start();
  const local = broker.link({ name: '', instance: 'i', will: message('canopy/state', 'lost') });
  const lost: string[] = [];
  local.on('lost', cause => lost.push(cause.code));
  const client = await RawClient.open(port, { clientId: 'node/web/i', will });
  const silent = new RawClient(port);
  await until(() => broker.connections.sockets === 2);
  const started = Date.now();
  await Promise.all([broker.close(), broker.close()]);
  assert.ok(Date.now() - started < 2000, 'it does not wait for who says nothing');
  await Promise.all([client.ended(), silent.ended()]);
  assert.deepEqual(admitted, []);
  assert.deepEqual([local.state, lost], ['lost', ['unreachable']]);
  const next = await start({ port });
  assert.equal(next.port, port);
});

test('a will says whether the socket died or the client fell silent', async () => {
  const { port, admitted } = await start();
  const dying = await RawClient.open(port, { clientId: 'node/web/i', will });
  await RawClient.open(port, {
    clientId: 'node/db/i',
    keepalive: 1,
    will: { ...will, topic: 'canopy/db/state' },
  });
  const leaving = await RawClient.open(port, {
    clientId: 'node/app/i',
    will: { ...will, topic: 'canopy/app/state' },
  });
  dying.destroy();
  leaving.send(DISCONNECT);
  await until(() => admitted.length === 2);
  assert.deepEqual(
    admitted.map(({ from }) => [from.identity?.name, from.via]),
    [
      ['web', 'will'],
      ['db', 'keepalive'],
    ],
  );
  assert.equal(admitted[0]?.message.retain, true);
});

test('the house may replace a message or refuse it, and sees one client’s messages in order', async () => {
  const seen: string[] = [];
  const { port, broker, codes } = await start({
    admit: (given, from) => {
      seen.push(given.payload.toString());
      if (given.payload.toString() === 'no') return { code: 'stale', reason: 'test' };
      return from.via === 'will' ? { ...given, payload: Buffer.from('completed') } : given;
    },
  });
  const local = broker.link({ name: '', instance: 'i' });
  const got = await collect(local, 'canopy/web/#');
  const node = await RawClient.open(port, { clientId: 'node/web/i', will });
  const sent = Array.from({ length: 200 }, (_, at) => `${at}`);
  for (const [at, text] of sent.entries())
    node.send(publishPacket('canopy/web/evt', text, { qos: at % 2, id: at + 1 }));
  node.send(publishPacket('canopy/web/evt', 'no', { qos: 1, id: 999 }));
  await node.expect(TYPE.puback, 101);
  node.destroy();
  await until(() => texts(got).includes('completed'));
  assert.deepEqual(seen, [...sent, 'no', 'lost']);
  assert.equal(got.length, 201);
  assert.deepEqual(codes(), ['stale']);
  assert.deepEqual(texts(await local.retained('canopy/web/state')), ['completed']);
});

test('a second node of one name is told so; the same one takes over; a released name is free', async () => {
  const { port, broker, refused } = await start();
  const first = await RawClient.open(port, { clientId: 'node/web/one' });
  const second = new RawClient(port);
  assert.equal(await second.connect({ clientId: 'node/web/two' }), 2);
  assert.deepEqual([refused[0]?.code, refused[0]?.clientId], ['name-taken', 'node/web/two']);
  assert.throws(() => broker.link({ name: 'web', instance: 'three' }), { code: 'name-taken' });
  const again = await RawClient.open(port, { clientId: 'node/web/one' });
  await first.ended();
  assert.equal(await new RawClient(port).connect({ clientId: 'node/web/two' }), 2);
  assert.ok(broker.release('web'));
  await again.ended();
  await RawClient.open(port, { clientId: 'node/web/two' });
  assert.ok(!broker.release('nobody'));
});

test('a local link claims its name as a socket does, and gives it back', async () => {
  const { port, broker, admitted } = await start();
  const link = broker.link({ name: 'web', instance: 'one', will: message('canopy/web/state', 'lost') });
  assert.equal(await new RawClient(port).connect({ clientId: 'node/web/two' }), 2);
  assert.throws(() => broker.link({ name: 'web', instance: 'two' }), { code: 'name-taken' });
  const over = broker.link({ name: 'web', instance: 'one' });
  assert.equal(link.state, 'lost');
  assert.deepEqual(
    admitted.map(({ from }) => from.via),
    ['will'],
  );
  await over.close();
  await RawClient.open(port, { clientId: 'node/web/two' });
});

test('a local link keeps to its node’s path, and may not publish what a socket may not', async () => {
  const { broker, codes } = await start();
  const link = broker.link({ name: 'web', instance: 'i', who: relay('web') });
  await assert.rejects(
    link.subscribe(['#'], () => {}),
    { code: 'refused' },
  );
  for (const topic of ['canopy/db/hb', 'canopy/+/hb', 'x'.repeat(65_530), '$SYS/x', ''])
    link.publish(message(topic));
  assert.equal(await link.flush(1000), true);
  assert.deepEqual(codes(), ['not-authorized', 'bad-topic', 'bad-topic', 'not-authorized', 'bad-topic']);
});

test('a client can be dropped; its will fires', async () => {
  const { port, broker, admitted } = await start();
  const client = await RawClient.open(port, { clientId: 'node/web/i', will });
  assert.ok(broker.closeClient('node/web/i'));
  await client.ended();
  await until(() => admitted.length === 1);
  assert.ok(!broker.closeClient('nobody'));
});

test('the end of a client that was taken over does not take its successor off the list', async () => {
  const { port, broker } = await start();
  for (let round = 0; round < 10; round++) {
    const one = await RawClient.open(port, { clientId: 'x' });
    await one.subscribe(['a']);
    const next = new RawClient(port);
    await until(() => broker.connections.sockets === 2);
    // The CONNECT of the next and the end of the first are read in one turn, in this order.
    const connected = next.connect({ clientId: 'x' });
    one.socket.end();
    assert.equal(await connected, 0);
    await one.ended();
    await next.fence();
    assert.ok(broker.closeClient('x'), `round ${round}`);
    await next.ended();
    await until(() => broker.connections.sockets === 0);
  }
});

test('a replay that a live message overtook does not come after it', async () => {
  const { port, broker } = await start();
  const local = broker.link({ name: '', instance: 'i' });
  for (let at = 0; at < 500; at++) local.publish(message(`canopy/n${at}/state`, 'old', { retain: true }));
  assert.equal(await local.flush(5000), true);
  const client = await RawClient.open(port, { clientId: 'x' });
  await client.subscribe(['canopy/#'], 1);
  for (let at = 0; at < 500; at++) local.publish(message(`canopy/n${at}/state`, 'new', { retain: true }));
  const last = () => new Map(client.published.map(({ topic, payload }) => [topic, payload.toString()]));
  await until(() => client.published.filter(({ payload }) => payload.toString() === 'new').length === 500);
  await client.fence();
  assert.deepEqual([...new Set(last().values())], ['new']);
});

test('after a suspend the broker does not take its own clients’ wills for a dead broker’s', async () => {
  const store = new BoundedStore({
    retained: new RetainedStore({ maxRetained: 1, maxRetainedBytes: 1 }),
    maxQueuedPerClient: 1,
    maxQueuedBytesPerClient: 1,
    maySubscribe: () => true,
    onQueueFull: () => {},
  });
  const wills = store as unknown as {
    setup(broker: { id: string }): Promise<void>;
    putWill(client: { id: string }, will: object): Promise<void>;
  };
  await wills.setup({ id: 'this one' });
  await wills.putWill({ id: 'x' }, { topic: 'canopy/web/state' });
  assert.deepEqual(await store.streamWill().toArray(), []);
});

test('many nodes beat at once and none is lost', async () => {
  const { url, broker } = await start();
  const local = broker.link({ name: '', instance: 'i' });
  const got = await collect(local, 'canopy/+/hb');
  const links = Array.from({ length: 50 }, (_, at) => new MqttLink({ url, clientId: `node/n${at}/i` }));
  await Promise.all(links.map(link => inState(link, 'connected')));
  for (let beat = 0; beat < 40; beat++) {
    for (const [at, link] of links.entries())
      link.publish(message(`canopy/n${at}/hb`, `${beat}`, { qos: 0 }));
  }
  await until(() => got.length === 2000);
  await Promise.all(links.map(link => link.close()));
});
