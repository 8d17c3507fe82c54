/** Listeners by TLS and WebSockets, and links to them: real sockets, certificates of real authorities. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createServer, connect as tlsConnect } from 'node:tls';
import { generate } from 'mqtt-packet';
import { WebSocket } from 'ws';
import type { LinkError } from '../../../broker/link.js';
import { Handshakes } from '../../../broker/listen/handshakes.js';
import { ServerIdentity, tlsLayer } from '../../../broker/listen/tls.js';
import { upgradeProblem, wsLayer } from '../../../broker/listen/ws.js';
import { TcpListener } from '../../../broker/listener.js';
import { MqttLink, type MqttLinkOptions } from '../../../broker/mqtt-link.js';
import type { Shown } from '../../../broker/rules.js';
import { shownAuthority } from '../../../broker/wire/authority.js';
import { believing, collect, inState, message, startBroker } from '../../support/broker.js';
import { type Authority, authority, daysAgo } from '../../support/certificates.js';
import { until } from '../../support/wait.js';

const AT = { host: '127.0.0.1', port: 0 };
const WS = { path: '/mqtt', origins: [], maxMessageBytes: 300_000, maxFirstBytes: 70_000 };

async function open(
  t: TestContext,
  { most = 50, deadlineMs = 5000, at }: { most?: number; deadlineMs?: number; at?: Authority } = {},
) {
  const ours = at ?? (await authority(t));
  const reported: { code: string; reason: string }[] = [];
  const report = (why: { code: string; reason: string }): void => void reported.push(why);
  const identity = new ServerIdentity(ours.server, undefined, error =>
    report({ code: 'kept', reason: error.message }),
  );
  const shown: Shown[] = [];
  const handshakes = () =>
    new Handshakes({ most, deadlineMs }, reason => report({ code: 'handshake-cut', reason }));
  const [tls, ws] = [tlsLayer(identity, report), wsLayer(WS, report)];
  const { broker } = await startBroker({
    listener: new TcpListener([tls], handshakes()),
    more: [
      { at: AT, listener: new TcpListener([ws], handshakes()) },
      { at: AT, listener: new TcpListener([tls, ws], handshakes()) },
    ],
    authenticate: asked => {
      shown.push(asked);
      return believing().authenticate(asked);
    },
  });
  t.after(async () => {
    await broker.close();
    identity.close();
  });
  const [mqtts, plainWs, wss] = broker.addresses.map(({ port }) => port);
  return { ours, broker, identity, reported, shown, mqtts: mqtts ?? 0, ws: plainWs ?? 0, wss: wss ?? 0 };
}

function linkTo(t: TestContext, url: string, more: Partial<MqttLinkOptions> = {}): MqttLink {
  const link = new MqttLink({ url, clientId: 'node/web/1', ...more });
  t.after(() => link.close());
  return link;
}

/** Why the first attempt fails. */
const failure = (link: MqttLink): Promise<LinkError> =>
  new Promise((resolve, reject) => {
    link.on('failed', resolve);
    link.on('connected', () => reject(new Error('it connected')));
  });

test('by TLS, WebSockets and both, large messages pass either way', async t => {
  const { ours, broker, mqtts, ws, wss } = await open(t);
  const trust = () => ({ ca: ours.ca });
  for (const url of [
    `mqtts://localhost:${mqtts}`,
    `ws://127.0.0.1:${ws}/mqtt`,
    `wss://localhost:${wss}/mqtt`,
  ]) {
    const link = linkTo(t, url, { trust });
    await inState(link, 'connected');
    const own = broker.link({ name: '', instance: 'x' });
    const [up, down] = [await collect(own, 'canopy/web/evt'), await collect(link, 'canopy/web/cmd')];
    const large = Array.from({ length: 5 }, (_, at) => String(at).repeat(200_000));
    // One by one: the broker drops whoever has more than its backlog waiting.
    for (const [at, text] of large.entries()) {
      link.publish(message('canopy/web/evt', text));
      own.publish(message('canopy/web/cmd', text));
      await until(() => up.length > at && down.length > at, 10_000, `it has come by ${url}`);
    }
    assert.deepEqual(
      up.map(({ payload }) => payload.toString()),
      large,
    );
    assert.deepEqual(
      down.map(({ payload }) => payload.toString()),
      large,
    );
    await link.close();
    await own.close();
  }
});

test('a certificate that is verified is handed on, by WebSockets as well; one that is not ends the connection', async t => {
  const { ours, shown, reported, mqtts, wss } = await open(t);
  const child = await ours.child('web');
  for (const url of [`mqtts://localhost:${mqtts}`, `wss://localhost:${wss}/mqtt`]) {
    const link = linkTo(t, url, { trust: () => child });
    await inState(link, 'connected');
    const { certificate } = shown.at(-1) as Shown;
    assert.deepEqual([certificate?.names, certificate?.unit], [['web'], 'leaf']);
    await link.close();
  }
  const before = shown.length;
  const stranger = await (await authority(t)).child('web');
  const link = linkTo(t, `mqtts://localhost:${mqtts}`, { trust: () => ({ ...stranger, ca: ours.ca }) });
  assert.match((await failure(link)).code, /^(unreachable|certificate-refused)$/);
  assert.equal(shown.length, before, 'nobody was asked who that is');
  assert.ok(reported.some(({ code }) => code === 'bad-certificate'));
});

test('one that shows none is handed on without', async t => {
  const { ours, shown, mqtts } = await open(t);
  await inState(linkTo(t, `mqtts://localhost:${mqtts}`, { trust: () => ({ ca: ours.ca }) }), 'connected');
  assert.equal(shown.at(-1)?.certificate, undefined);
});

test('a link says what is wrong with the other end, in codes that stay', async t => {
  const { ours, mqtts, ws } = await open(t);
  const other = await authority(t);
  const past = await open(t, { at: await authority(t, { clock: daysAgo(100) }) });
  const elsewhere = await open(t, { at: await authority(t, { hosts: ['db.example.org'] }) });
  const outlived = await (await authority(t, { clock: daysAgo(100) })).child('web');
  const cases: [string, Partial<MqttLinkOptions>, string][] = [
    [`mqtts://localhost:${mqtts}`, { trust: () => ({ ca: other.ca }) }, 'certificate-untrusted'],
    [`mqtts://localhost:${mqtts}`, {}, 'certificate-untrusted'],
    [`mqtts://localhost:${past.mqtts}`, { trust: () => ({ ca: past.ours.ca }) }, 'certificate-expired'],
    [`mqtts://127.0.0.1:${elsewhere.mqtts}`, { trust: () => ({ ca: elsewhere.ours.ca }) }, 'wrong-host'],
    [`wss://localhost:${elsewhere.wss}/mqtt`, { trust: () => ({ ca: elsewhere.ours.ca }) }, 'wrong-host'],
    [
      `mqtts://localhost:${mqtts}`,
      { trust: () => ({ ...outlived, ca: ours.ca, key: 'no key' }) },
      'certificate-unreadable',
    ],
    [`mqtts://localhost:${ws}`, { trust: () => ({ ca: ours.ca }) }, 'unreachable'],
  ];
  for (const [url, options, code] of cases)
    assert.equal((await failure(linkTo(t, url, options))).code, code, `${url}: ${code}`);
});

test('nothing is said to a server before it has proven who it is', async t => {
  const [ours, other] = [await authority(t), await authority(t)];
  const identity = new ServerIdentity(other.server);
  let bytes = 0;
  let connections = 0;
  const server = createServer(identity.options, socket => {
    connections++;
    socket
      .on('error', () => {})
      .on('data', chunk => {
        bytes += chunk.length;
      });
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    identity.close();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const login = () => ({ username: 'web', password: 'a secret' });
  for (const url of [`mqtts://localhost:${port}`, `wss://localhost:${port}/mqtt`]) {
    const link = linkTo(t, url, { trust: () => ({ ca: ours.ca }), login, backoff: { minMs: 1, maxMs: 1 } });
    let failures = 0;
    link.on('failed', () => failures++);
    await until(() => failures >= 3, 5000, 'three attempts have failed');
    await link.close();
  }
  const fake = shownAuthority(new URL(`mqtts://localhost:${port}`), ours.fingerprint);
  await assert.rejects(fake, { code: 'certificate-untrusted' });
  assert.match(
    await shownAuthority(new URL(`mqtts://localhost:${port}`), other.fingerprint),
    /BEGIN CERTIFICATE/,
  );
  // To whom it is known, it is said: the count counts.
  const trusting = linkTo(t, `mqtts://localhost:${port}`, { trust: () => ({ ca: other.ca }), login });
  trusting.on('failed', () => {});
  assert.equal(bytes, 0);
  await until(() => bytes > 0, 5000, 'CONNECT has come');
  assert.ok(connections > 0);
});

test('older TLS and plain text are turned away, and nobody else notices', async t => {
  const { ours, mqtts, reported } = await open(t);
  const link = linkTo(t, `mqtts://localhost:${mqtts}`, { trust: () => ({ ca: ours.ca }) });
  await inState(link, 'connected');
  const old = tlsConnect({
    port: mqtts,
    host: '127.0.0.1',
    ca: ours.ca,
    maxVersion: 'TLSv1.1',
    minVersion: 'TLSv1',
    ciphers: 'ALL:@SECLEVEL=0',
  });
  await new Promise(resolve => old.once('error', resolve));
  const plain = connect(mqtts, '127.0.0.1');
  plain.on('error', () => {});
  plain.write(Buffer.from('102000044d5154540402003c0014', 'hex'));
  await new Promise(resolve => plain.once('close', resolve));
  assert.deepEqual(new Set(reported.map(({ code }) => code)), new Set(['tls-failed']));
  assert.equal(link.state, 'connected');
});

const closed = (socket: Socket): Promise<void> =>
  new Promise(resolve => {
    socket.on('error', () => {});
    socket.once('close', () => resolve());
  });

test('a handshake that does not come is cut', async t => {
  const { mqtts, ws, wss, reported } = await open(t, { deadlineMs: 300 });
  const half = connect(ws, '127.0.0.1', () => half.write('GET /mqtt HTTP/1.1\r\nHost: x\r\n'));
  await Promise.all([closed(connect(mqtts, '127.0.0.1')), closed(connect(wss, '127.0.0.1')), closed(half)]);
  assert.deepEqual(
    reported.map(({ code }) => code),
    ['handshake-cut', 'handshake-cut', 'handshake-cut'],
  );
});

test('of too many handshakes those of whoever has most are cut, the oldest first', async t => {
  const { ours, mqtts, broker } = await open(t, { most: 5, deadlineMs: 60_000 });
  const crowd = Array.from({ length: 20 }, () => connect(mqtts, '127.0.0.1').on('error', () => {}));
  t.after(() => crowd.forEach(socket => void socket.destroy()));
  await until(() => crowd.filter(({ destroyed }) => destroyed).length === 15, 5000, 'fifteen are cut');
  assert.ok(
    crowd.slice(15).every(({ destroyed }) => !destroyed),
    'the newest are left',
  );
  const other = connect({ port: mqtts, host: '127.0.0.1', localAddress: '127.0.0.2' });
  const late = connect(mqtts, '127.0.0.1').on('error', () => {});
  await until(
    () => crowd.filter(({ destroyed }) => destroyed).length === 17,
    5000,
    'two more of the crowd are cut',
  );
  const honest = tlsConnect({ socket: other, ca: ours.ca, servername: 'localhost' });
  await new Promise(resolve => honest.once('secureConnect', resolve));
  await until(() => broker.connections.sockets === 1, 5000, 'the honest one is through');
  late.destroy();
  honest.destroy();
});

test('a certificate is read again when its file changes; one that does not fit is not taken over', async t => {
  const { ours, identity, mqtts, reported } = await open(t);
  const serial = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = tlsConnect(
        { port: mqtts, host: '127.0.0.1', ca: ours.ca, servername: 'localhost' },
        () => {
          resolve(socket.getPeerCertificate().serialNumber);
          socket.destroy();
        },
      );
      socket.once('error', reject);
    });
  const first = await serial();
  const link = linkTo(t, `mqtts://localhost:${mqtts}`, { trust: () => ({ ca: ours.ca }) });
  await inState(link, 'connected');
  await ours.pki.issueServer(['localhost', '127.0.0.1']);
  await until(async () => (await serial()) !== first, 5000, 'the new one is shown');
  const second = await serial();
  writeFileSync(ours.server.key, readFileSync((await authority(t)).server.key), { mode: 0o600 });
  identity.refresh();
  assert.deepEqual(
    reported.map(({ code }) => code),
    ['kept'],
  );
  assert.equal(await serial(), second);
  assert.equal(link.state, 'connected');
});

test('a child of an authority that is no longer believed comes in no more, not by a session of before either', async t => {
  const { ours, mqtts, identity } = await open(t);
  const child = await ours.child('web');
  const link = linkTo(t, `mqtts://localhost:${mqtts}`, { trust: () => child });
  await inState(link, 'connected');
  copyFileSync((await authority(t)).server.ca as string, ours.server.ca as string);
  identity.refresh();
  link.abort();
  const again = linkTo(t, `mqtts://localhost:${mqtts}`, { trust: () => child });
  assert.match((await failure(again)).code, /^(unreachable|certificate-refused)$/);
});

test('which upgrades are refused', () => {
  const headers = { 'sec-websocket-protocol': 'mqtt' };
  const listed = { path: '/mqtt', origins: ['https://dash.example.org'] };
  const cases: [string, Record<string, string>, string | null][] = [
    ['/mqtt', headers, null],
    ['/mqtt?x=1', headers, null],
    ['/mqtt', { ...headers, origin: 'https://dash.example.org' }, null],
    ['/mqtt', { ...headers, origin: 'https://evil.example.org' }, '403 Forbidden'],
    ['/mqtt', { ...headers, origin: 'null' }, '403 Forbidden'],
    ['/', headers, '404 Not Found'],
    ['/mqtt/', headers, '404 Not Found'],
    ['/mqtt', {}, '400 Bad Request'],
    ['/mqtt', { 'sec-websocket-protocol': 'mqttv3.1, chat' }, '400 Bad Request'],
    ['/mqtt', { 'sec-websocket-protocol': 'chat, mqtt' }, null],
  ];
  for (const [url, headers, status] of cases)
    assert.equal(
      upgradeProblem(listed, { url, headers })?.status ?? null,
      status,
      `${url} ${JSON.stringify(headers)}`,
    );
});

test('a WebSocket is closed for text, for a message that is too large, and for pings whose answers it does not read', async t => {
  const { ws: port, broker } = await open(t);
  const dial = async (): Promise<WebSocket> => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}/mqtt`, 'mqtt');
    ws.on('error', () => {});
    await new Promise((resolve, reject) => ws.once('open', resolve).once('error', reject));
    return ws;
  };
  const gone = (ws: WebSocket): Promise<unknown> => new Promise(resolve => ws.once('close', resolve));
  const text = await dial();
  text.send('hello');
  await gone(text);
  const large = await dial();
  large.send(Buffer.alloc(400_000));
  await gone(large);
  const deaf = await dial();
  deaf.pause();
  const ended = gone(deaf);
  const flood = setInterval(() => {
    for (let at = 0; at < 2000 && deaf.readyState === deaf.OPEN && deaf.bufferedAmount < 4_000_000; at++)
      deaf.ping(Buffer.alloc(125));
  }, 1);
  t.after(() => clearInterval(flood));
  await until(() => broker.connections.sockets === 0, 20_000, 'the broker has let it go');
  clearInterval(flood);
  deaf.terminate();
  await ended;
});

test('a WebSocket may send little before its CONNACK, and as much as anybody after it', async t => {
  const { ws: port } = await open(t);
  const dial = async (): Promise<WebSocket> => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}/mqtt`, 'mqtt');
    ws.on('error', () => {});
    t.after(() => ws.terminate());
    await new Promise((resolve, reject) => ws.once('open', resolve).once('error', reject));
    return ws;
  };
  const early = await dial();
  const code = new Promise(resolve => early.once('close', resolve));
  early.send(Buffer.alloc(100_000));
  // RFC 6455, 7.4.1: too big to process.
  assert.equal(await code, 1009);
  const known = await dial();
  const answers: number[] = [];
  known.on('message', data => answers.push((data as Buffer)[0] ?? 0));
  known.send(generate({ cmd: 'connect', clientId: 'big', clean: true, keepalive: 60 } as never));
  await until(() => answers.includes(0x20), 5000, 'a CONNACK');
  const payload = Buffer.alloc(200_000);
  known.send(
    generate({ cmd: 'publish', topic: 'big', payload, qos: 1, messageId: 7, retain: false, dup: false }),
  );
  await until(() => answers.includes(0x40), 5000, 'a PUBACK');
});
