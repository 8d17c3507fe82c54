import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { MqttLink, type MqttLinkOptions } from '../../../broker/mqtt-link.js';
import { collect, inState, message, startBroker, texts } from '../../support/broker.js';
import { freePort } from '../../support/mosquitto.js';
import { RawClient } from '../../support/raw-mqtt.js';
import { until } from '../../support/wait.js';

const cleanups: (() => unknown)[] = [];
after(async () => {
  for (const clean of cleanups.reverse()) await clean();
});

let serial = 0;
function linkTo(url: string, options: Partial<MqttLinkOptions> = {}): MqttLink {
  const link = new MqttLink({ url, clientId: `link${++serial}`, ...options });
  cleanups.push(() => link.abort());
  return link;
}

const broker = async (port = 0, more: object = {}) => {
  const started = await startBroker({ port, ...more });
  cleanups.push(() => started.broker.close());
  return started;
};

const CONNACK = Buffer.from([0x20, 2, 0, 0]);

/** A server that says what it is told to, whatever it hears. */
async function parrot(
  onSocket: (socket: Socket) => void,
): Promise<{ url: string; sockets: Socket[]; server: Server }> {
  const sockets: Socket[] = [];
  const server = createServer({ noDelay: true }, socket => {
    sockets.push(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  const port = await freePort();
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `mqtt://127.0.0.1:${port}`, sockets, server };
}

test('it comes back to a parent that comes back, with its subscriptions and what it kept', async () => {
  const first = await broker();
  const link = linkTo(first.url);
  const events: string[] = [];
  link.on('connected', () => events.push('connected'));
  link.on('lost', cause => events.push(`lost ${cause.code}`));
  const got = await collect(link, 'down/#');
  await first.broker.close();
  await inState(link, 'lost');
  for (let at = 0; at < 200; at++) link.publish(message('up/evt', `${at}`));
  link.publish(message('up/hb', 'stale', { qos: 0 }));
  const second = await broker(first.port);
  const local = second.broker.link({ name: '', instance: 'i' });
  const above = await collect(local, 'up/#');
  await inState(link, 'connected');
  await until(() => above.length === 200);
  assert.deepEqual(
    texts(above),
    Array.from({ length: 200 }, (_, at) => `${at}`),
  );
  local.publish(message('down/cmd', 'go'));
  await until(() => got.length === 1);
  assert.deepEqual(events, ['connected', 'lost unreachable', 'connected']);
});

test('a message for which the parent ends the connection is given up in the end, and all others come through', async () => {
  const parent = await broker(0, { limits: { maxPacketBytes: 2000 } });
  const above = await collect(parent.broker.link({ name: '', instance: 'i' }), 'up/#');
  const link = linkTo(parent.url, { backoff: { minMs: 1, maxMs: 5 }, window: 8 });
  const [dropped, refused]: [string[], string[]] = [[], []];
  link.on('dropped', (_, why) => dropped.push(why));
  await inState(link, 'connected');
  for (let at = 0; at < 40; at++) link.publish(message('up/evt', at === 20 ? 'x'.repeat(3000) : `${at}`));
  await until(() => new Set(texts(above)).size >= 39, 20_000);
  assert.deepEqual(
    [...new Set(texts(above))],
    Array.from({ length: 40 }, (_, at) => `${at}`).filter(each => each !== '20'),
  );
  assert.deepEqual(dropped, ['the other side ends its connections for it']);
  // Whoever keeps one himself sends it again at each connection, and is told.
  const large = message('up/evt', 'y'.repeat(3000));
  const send = (): void => link.publish(large, isRefused => refused.push(`${isRefused}`));
  link.on('connected', send);
  send();
  await until(() => refused.length > 0, 20_000);
  link.off('connected', send);
  assert.deepEqual(refused, ['true']);
  await link.flush(5000);
});

test('a parent is found again soon, however long it was away', async () => {
  const port = await freePort();
  const link = linkTo(`mqtt://127.0.0.1:${port}`, { backoff: { minMs: 1, maxMs: 2000 } });
  let failures = 0;
  link.on('failed', cause => {
    failures++;
    assert.equal(cause.code, 'unreachable');
  });
  // As many failures as it takes to be at the longest pause.
  await until(() => failures >= 9);
  await broker(port);
  await inState(link, 'connected', 2500);
});

test('a refused CONNECT is tried again, and the port says why it was refused', async () => {
  const { url, port, broker: parent } = await broker();
  const holder = await RawClient.open(port, { clientId: 'node/web/one' });
  const link = linkTo(url, { clientId: 'node/web/two' });
  await until(() => link.lastError?.code === 'name-taken');
  assert.equal(link.state, 'connecting');
  holder.destroy();
  await inState(link, 'connected');
  assert.equal(link.lastError, null);
  await link.close();
  const [code] = [parent.connections.clients];
  assert.ok(code <= 1);
});

for (const [code, expected] of [
  [1, 'protocol'],
  [3, 'refused'],
  [5, 'refused'],
] as const) {
  test(`CONNACK ${code} is ${expected}`, async () => {
    const { url, sockets } = await parrot(socket => socket.write(Buffer.from([0x20, 2, 0, code])));
    const link = linkTo(url);
    await until(() => link.lastError?.code === expected);
    await until(() => sockets.length >= 3);
  });
}

test('what is no MQTT is said to be none', async () => {
  const { url } = await parrot(socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const link = linkTo(url);
  await until(() => link.lastError?.code === 'protocol');
});

test('a parent that accepts and says nothing is given up and tried again', async () => {
  const { url, sockets } = await parrot(() => {});
  const link = linkTo(url, { connectTimeoutMs: 100 });
  await until(() => link.lastError?.code === 'unreachable');
  await until(() => sockets.length >= 2);
});

test('a parse error ends the connection at once, not at the keepalive', async () => {
  const { url, sockets } = await parrot(socket => socket.write(CONNACK));
  const link = linkTo(url);
  const lost: string[] = [];
  link.on('lost', cause => lost.push(cause.code));
  await inState(link, 'connected');
  sockets[0]?.write(Buffer.from([0x36, 0xff, 0xff, 0xff, 0xff, 0xff]));
  await until(() => lost.length === 1 && sockets.length >= 2);
  assert.deepEqual(lost, ['protocol']);
});

test('the queue is bounded: the oldest go, and that is said', async () => {
  const port = await freePort();
  const link = linkTo(`mqtt://127.0.0.1:${port}`, { maxQueued: 10 });
  let dropped = 0;
  link.on('dropped', count => {
    dropped += count;
  });
  for (let at = 0; at < 25; at++) link.publish(message('t', `${at}`));
  assert.equal(dropped, 15);
  const { broker: parent } = await broker(port);
  const got = await collect(parent.link({ name: '', instance: 'i' }), '#');
  await until(() => got.length === 10);
  assert.equal(texts(got)[0], '15');
  assert.equal(await link.flush(1000), true);
});

test('what was sent and not acknowledged is sent again, in order', async () => {
  const port = await freePort();
  let accepting = true;
  const server = createServer(socket => {
    socket.on('error', () => {});
    socket.write(CONNACK);
    // It reads and never acknowledges.
    socket.resume();
    cleanups.push(() => socket.destroy());
    if (!accepting) socket.destroy();
  });
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve));
  const link = linkTo(`mqtt://127.0.0.1:${port}`, { window: 8 });
  await inState(link, 'connected');
  const sent = Array.from({ length: 30 }, (_, at) => `${at}`);
  for (const text of sent) link.publish(message('t', text));
  assert.equal(await link.flush(50), false);
  accepting = false;
  server.close();
  for (const clean of cleanups.splice(-1)) clean();
  await inState(link, 'lost');
  const { broker: parent } = await broker(port);
  const got = await collect(parent.link({ name: '', instance: 'i' }), '#');
  await until(() => got.length === 30);
  assert.deepEqual(texts(got), sent);
});

test('close does not hang on what is never acknowledged, and says goodbye', async () => {
  const heard: Buffer[] = [];
  const { url } = await parrot(socket => {
    socket.write(CONNACK);
    socket.on('data', chunk => heard.push(chunk));
  });
  const link = linkTo(url);
  await inState(link, 'connected');
  link.publish(message('t', 'unheard'));
  const started = Date.now();
  await link.close();
  assert.ok(Date.now() - started < 3000);
  await until(() =>
    Buffer.concat(heard)
      .subarray(-2)
      .equals(Buffer.from([0xe0, 0])),
  );
});

test('heartbeats leave together, and at once with anything else', async () => {
  const chunks: string[] = [];
  const { url } = await parrot(socket => {
    socket.write(CONNACK);
    socket.on('data', chunk => chunks.push(chunk.toString('latin1')));
  });
  const link = linkTo(url, { batchMs: 150 });
  await inState(link, 'connected');
  await until(() => chunks.length === 1);
  const started = Date.now();
  for (let at = 0; at < 5; at++) {
    link.publish(message('t', `beat${at}`, { qos: 0 }));
    // Each on a turn of its own, as heartbeats come.
    await new Promise(resolve => setImmediate(resolve));
  }
  await until(() => chunks.length >= 2);
  assert.ok(Date.now() - started >= 100, 'held back');
  assert.match(chunks[1] ?? '', /beat0.*beat4/s);
  link.publish(message('t', 'held', { qos: 0 }));
  const before = Date.now();
  link.publish(message('t', 'urgent'));
  await until(() => chunks.join('').includes('urgent'));
  assert.ok(Date.now() - before < 100, 'not held back');
  assert.match(chunks.slice(2).join(''), /held.*urgent/s);
});

test('a message that no parent would take is dropped, not tried for ever', async () => {
  const { url, port } = await broker();
  const link = linkTo(url);
  const why: string[] = [];
  link.on('dropped', (_, reason) => why.push(reason));
  await inState(link, 'connected');
  link.publish(message('t', 'x'.repeat(1_100_000)));
  for (const topic of ['', 'a/+', 'x'.repeat(70_000)]) link.publish(message(topic, 'x', { qos: 0 }));
  link.publish(message('t', 'fine'));
  assert.equal(await link.flush(1000), true);
  assert.equal(why.length, 4);
  assert.equal(link.state, 'connected');
  assert.ok(port > 0);
});

test('QoS 0 is dropped, not queued, towards a parent that does not read', async () => {
  const { url } = await parrot(socket => {
    socket.write(CONNACK);
    socket.once('data', () => socket.pause());
  });
  const link = linkTo(url);
  await inState(link, 'connected');
  let dropped = 0;
  link.on('dropped', count => {
    dropped += count;
  });
  for (let at = 0; at < 400; at++) {
    link.publish(message('t', 'x'.repeat(50_000), { qos: 0 }));
    await new Promise(resolve => setImmediate(resolve));
  }
  assert.ok(dropped > 100, `${dropped} dropped`);
});

test('an address that no one can dial is refused at once', () => {
  assert.throws(() => new MqttLink({ url: 'ftp://x', clientId: 'x' }), /no way to dial ftp:/);
});

test('a message in parts arrives whole and in its place, however large it is', async () => {
  const { url, broker: parent } = await broker();
  const got = await collect(parent.link({ name: '', instance: 'i' }), 'up/#');
  const [link, dropped]: [MqttLink, string[]] = [linkTo(url, { batchMs: 50 }), []];
  link.on('dropped', (_count, why) => dropped.push(why));
  await inState(link, 'connected');
  const sizes = [0, 1, 20_000, 127, 60_000, 200_000, 1_100_000, 5];
  for (const size of sizes) {
    link.publish(message('up/hb', `before ${size}`, { qos: 0 }));
    link.publishParts('up/parts', [Buffer.from(`${size}:`), Buffer.alloc(size, 'x'), Buffer.from(':end')]);
    await link.drained();
  }
  const wanted = sizes.flatMap(size => [
    `before ${size}`,
    ...(size < 1_100_000 ? [`${size}:${'x'.repeat(size)}:end`] : []),
  ]);
  await until(() => got.length >= wanted.length);
  assert.deepEqual(
    texts(got).map(text => text.length),
    wanted.map(text => text.length),
  );
  assert.deepEqual(texts(got), wanted);
  assert.equal(dropped.length, 1, 'more than a packet may have');
  assert.match(dropped[0] ?? '', /1100\d{3} bytes/);
});
