/** Who is let in, how long that may take, and what he gets: at the broker's ports, with principals of a small house. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type BrokerOptions, type EmbeddedBroker, type EnteredEvent } from '../../../broker/embedded.js';
import { certificateOf } from '../../../broker/entry/shown.js';
import type { Authenticate, Known, Shown, Turned } from '../../../broker/rules.js';
import type { PersonRole, Principal } from '../../../src/core/principal.js';
import { identify, message, relay, startBroker, texts } from '../../support/broker.js';
import {
  connectPacket,
  DISCONNECT,
  publishPacket,
  RawClient,
  subscribePacket,
  TYPE,
} from '../../support/raw-mqtt.js';
import { until } from '../../support/wait.js';

const brokers: EmbeddedBroker[] = [];
after(() => Promise.all(brokers.map(broker => broker.close())));

const known = (who: Principal): Known => ({
  who,
  id: who.kind === 'anyone' ? '' : `${who.kind} ${who.name}`,
  node: who.kind === 'node' ? who.name : null,
});
const person = (name: string, role: PersonRole, under = 'rack'): Principal => ({
  kind: 'person',
  name,
  role,
  under,
});
const WRONG: Turned = { code: 'bad-credentials', reason: 'nobody we know', returnCode: 4 };
const PEOPLE: Record<string, Principal> = {
  vera: person('vera', 'viewer'),
  vito: person('vito', 'viewer'),
  olga: person('olga', 'operator'),
  adam: person('adam', 'admin', ''),
  rack: relay('rack'),
  leaf: { kind: 'node', name: 'leaf', is: 'leaf' },
};
/** Everybody's password is his name backwards; the answer takes a turn of the loop at least. */
const house: Authenticate = async ({ username = '', password }) => {
  await new Promise(resolve => setImmediate(resolve));
  const who = PEOPLE[username];
  return who && password === [...username].reverse().join('') ? known(who) : WRONG;
};
const start = async (overrides: Partial<BrokerOptions> = {}) => {
  const started = await startBroker({ authenticate: house, ...overrides });
  brokers.push(started.broker);
  return started;
};
const as = (username: string, clientId = username) => ({
  clientId,
  username,
  password: [...username].reverse().join(''),
});

/** An answer that a test gives when it likes. */
function slowly() {
  const asked: { shown: Shown; answer: (found: Known | Turned) => void; fail: (error: Error) => void }[] = [];
  const authenticate: Authenticate = shown =>
    new Promise((answer, fail) => asked.push({ shown, answer, fail }));
  return { asked, authenticate };
}

test('the right ones are let in and told of; others are told why not', async () => {
  const entered: EnteredEvent[] = [];
  const { port, refused } = await start({ onEntered: event => entered.push(event) });
  assert.equal(await new RawClient(port).connect({ clientId: 'x' }), 4);
  assert.equal(await new RawClient(port).connect({ ...as('vera'), password: 'guess' }), 4);
  await RawClient.open(port, as('vera', 'x'));
  assert.deepEqual(entered, [{ who: PEOPLE.vera, clientId: 'x', address: '127.0.0.1' }]);
  assert.deepEqual(
    refused.map(({ code, clientId, who }) => [code, clientId, who]),
    [
      ['bad-credentials', 'x', undefined],
      ['bad-credentials', 'vera', undefined],
    ],
  );
});

test('a client id must not say another name than the one that was proven', async () => {
  const { port, codes, admitted } = await start();
  for (const user of ['rack', 'vera', 'adam'])
    assert.equal(await new RawClient(port).connect(as(user, 'node/web/i')), 2, user);
  assert.deepEqual(codes(), ['wrong-name', 'wrong-name', 'wrong-name']);
  await RawClient.open(port, as('rack', 'node/rack/one'));
  assert.equal(await new RawClient(port).connect(as('rack', 'mosquitto-bridge')), 2, 'the name is taken');
  const foreign = await RawClient.open(port, as('leaf', 'mosquitto-bridge'));
  foreign.send(publishPacket('canopy/leaf/hb', 'beat'));
  await until(() => admitted.length === 1);
  assert.deepEqual(admitted[0]?.from.identity, { name: 'leaf', instance: 'mosquitto-bridge' });
  assert.equal(admitted[0]?.from.who, PEOPLE.leaf);
});

test('what comes while it is found out who it is waits, is not much, and is judged by what was found', async () => {
  const { asked, authenticate } = slowly();
  const { port, broker, admitted, codes } = await start({ authenticate });
  const client = new RawClient(port);
  client.send(
    connectPacket({ clientId: 'olga' }),
    publishPacket('canopy/rack/web/cmd', 'one', { qos: 1, id: 1 }),
  );
  await until(() => asked.length === 1);
  client.send(
    publishPacket('canopy/rack/web/cmd', 'two', { qos: 1, id: 2 }),
    publishPacket('canopy/other/cmd', 'no', { qos: 1, id: 3 }),
    subscribePacket(['canopy/rack/#']),
  );
  const other = broker.link({ name: '', instance: 'i' });
  other.publish(message('canopy/rack/web/evt', 'not for it yet'));
  assert.equal(await other.flush(5000), true);
  assert.deepEqual([texts(admitted.map(each => each.message)), client.packets], [['not for it yet'], []]);
  asked[0]?.answer(known(PEOPLE.olga as Principal));
  await client.expect(TYPE.puback, 3);
  assert.deepEqual(texts(admitted.map(each => each.message)), ['not for it yet', 'one', 'two']);
  assert.deepEqual(codes(), ['not-authorized']);

  const flood = new RawClient(port);
  flood.send(
    connectPacket({ clientId: 'flood' }),
    ...Array(100).fill(publishPacket('canopy/rack/web/cmd', 'x')),
  );
  await flood.ended();
  assert.equal(admitted.length, 3);
});

test('a long message whose end comes in the chunk after the CONNECT is handled when its sender is known, and then as his', async () => {
  for (const [found, handled] of [
    [WRONG, 0],
    [known(PEOPLE.olga as Principal), 4],
  ] as const) {
    const { asked, authenticate } = slowly();
    const { port, admitted, codes } = await start({ authenticate });
    const client = new RawClient(port);
    // With the CONNECT just more than a socket hands over at once (64 KiB), and its rest is there in the same turn.
    const long = (id: number) => publishPacket('canopy/rack/web/cmd', 'x'.repeat(65_500), { qos: 1, id });
    client.send(connectPacket({ clientId: 'x' }), ...[1, 2, 3, 4].map(long));
    await until(() => asked.length === 1);
    asked[0]?.answer(found);
    if (handled === 0) await client.ended();
    else await client.expect(TYPE.puback, handled);
    assert.deepEqual([admitted.length, codes()], [handled, handled === 0 ? ['bad-credentials'] : []]);
  }
});

test('the time to connect runs on while it is found out who it is', async () => {
  const { asked, authenticate } = slowly();
  const { port, codes, broker } = await start({ authenticate, limits: { connectTimeoutMs: 300 } });
  const client = new RawClient(port);
  client.send(connectPacket({ clientId: 'x' }));
  await client.ended();
  assert.deepEqual(codes(), ['connect-timeout']);
  asked[0]?.answer(known(PEOPLE.rack as Principal));
  await new Promise(resolve => setImmediate(resolve));
  assert.deepEqual([broker.connections.clients, broker.holds('rack')], [0, false]);
});

test('only so many are looked into at a time, those who have gone included', async () => {
  const { asked, authenticate } = slowly();
  const { port, codes } = await start({ authenticate, limits: { maxAuthenticating: 2 } });
  const clients = [new RawClient(port), new RawClient(port)];
  for (const [at, client] of clients.entries()) client.send(connectPacket({ clientId: `c${at}` }));
  await until(() => asked.length === 2);
  clients[0]?.destroy();
  assert.equal(await new RawClient(port).connect({ clientId: 'more' }), 3);
  assert.deepEqual(codes(), ['too-many-logins']);
  asked[0]?.fail(Object.assign(new Error('the secret is 42'), { code: 'EIO' }));
  asked[1]?.answer(known(PEOPLE.vera as Principal));
  await clients[1]?.expect(TYPE.connack, 1);
  const failing = new RawClient(port);
  failing.send(connectPacket({ clientId: 'again' }));
  await until(() => asked.length === 3);
  asked[2]?.fail(Object.assign(new Error('the secret is 42'), { code: 'EIO' }));
  const [connack] = await failing.expect(TYPE.connack, 1);
  assert.equal(connack?.body[1], 3);
  assert.deepEqual(codes(), ['too-many-logins', 'internal']);
});

test('a # is narrowed: retained, live and queued messages, in either lane', async () => {
  const { port, broker } = await start();
  const local = broker.link({ name: '', instance: 'i' });
  local.publish(message('canopy/rack/web/state', 'stored here', { retain: true }));
  local.publish(message('canopy/other/state', 'stored elsewhere', { retain: true }));
  await local.flush(5000);
  const vera = await RawClient.open(port, { ...as('vera'), clean: false });
  assert.deepEqual(await vera.subscribe(['#', 'canopy/+/hb', 'canopy/other/#'], 1), [1, 1, 128]);
  const speak = () => {
    for (const path of ['rack/web', 'rack', 'rack2', 'other', 'rack/web/deep'])
      for (const channel of ['evt', 'hb', 'cmd'])
        local.publish(message(`canopy/${path}/${channel}`, channel, { qos: channel === 'hb' ? 0 : 1 }));
    local.publish(message('home/lamp', 'on'));
    return local.flush(5000);
  };
  await speak();
  await vera.fence();
  await until(() => vera.published.some(({ topic }) => topic === 'canopy/rack/web/deep/evt'));
  const topics = () => [...new Set(vera.published.map(({ topic }) => topic))].sort();
  const seen = ['rack', 'rack/web', 'rack/web/deep'].flatMap(path => [
    `canopy/${path}/evt`,
    `canopy/${path}/hb`,
  ]);
  assert.deepEqual(topics(), [...seen, 'canopy/rack/web/state'].sort());
  vera.send(DISCONNECT);
  await vera.ended();
  await speak();
  const back = await RawClient.open(port, { ...as('vera'), clean: false });
  await until(() => back.published.length >= 3);
  await back.fence();
  // What it has not acknowledged may come again.
  assert.deepEqual(
    [...new Set(back.published.map(({ topic }) => topic))].sort(),
    seen.filter(topic => topic.endsWith('evt')).sort(),
  );
});

test('whether somebody asks for a log is asked of what he may read', async () => {
  const { port, broker } = await start();
  const vera = await RawClient.open(port, as('vera'));
  assert.deepEqual(await vera.subscribe(['canopy/+/log', 'canopy/+/+/log', 'canopy/#']), [0, 0, 0]);
  const { audience } = broker;
  assert.deepEqual(
    [audience.asksFor('canopy/rack/web/log'), audience.hears('canopy/rack/web/log')],
    [true, true],
  );
  assert.deepEqual(
    [audience.asksFor('canopy/other/log'), audience.hears('canopy/other/log')],
    [false, false],
  );
  const olga = await RawClient.open(port, { ...as('olga'), clean: false });
  assert.deepEqual(await olga.subscribe(['canopy/rack/+/cmd'], 1), [1]);
  assert.deepEqual(await vera.subscribe(['canopy/rack/#']), [0]);
  assert.equal(await broker.isAwaited('canopy/rack/web/cmd'), true);
  olga.send(DISCONNECT);
  await olga.ended();
  assert.equal(await broker.isAwaited('canopy/rack/web/cmd'), true, 'she is away, and will be told');
  broker.closeWhere(who => who === PEOPLE.olga);
  await until(async () => !(await broker.isAwaited('canopy/rack/web/cmd')));
  const vito = await RawClient.open(port, { ...as('vito'), clean: false });
  assert.deepEqual(await vito.subscribe(['canopy/rack/#'], 1), [1]);
  vito.send(DISCONNECT);
  await vito.ended();
  assert.equal(await broker.isAwaited('canopy/rack/web/cmd'), false, 'he will not be told commands');
});

test('the broker’s own $SYS is for admins', async () => {
  const { port } = await start();
  const vera = await RawClient.open(port, as('vera'));
  assert.deepEqual(await vera.subscribe(['$SYS/#', '#']), [128, 0]);
  const adam = await RawClient.open(port, as('adam'));
  assert.deepEqual(await adam.subscribe(['$SYS/#', '$share/g/#']), [0, 128]);
  await RawClient.open(port, as('vito'));
  await until(() =>
    adam.published.some(({ topic, payload }) => /new\/clients$/.test(topic) && `${payload}` === 'vito'),
  );
  await vera.fence();
  assert.deepEqual(vera.published, []);
});

test('a session is its owner’s: nobody else gets what waits for it, or takes its connection over', async () => {
  const { port, broker, codes } = await start();
  const local = broker.link({ name: '', instance: 'i' });
  const vera = await RawClient.open(port, { ...as('vera', 'shared'), clean: false });
  await vera.subscribe(['canopy/rack/#'], 1);
  assert.equal(await new RawClient(port).connect(as('vito', 'shared')), 2);
  assert.deepEqual(codes(), ['client-id-taken']);
  await vera.fence();
  vera.send(DISCONNECT);
  await vera.ended();
  local.publish(message('canopy/rack/evt', 'for vera'));
  await local.flush(5000);
  const vito = await RawClient.open(port, { ...as('vito', 'shared'), clean: false });
  await vito.fence();
  const [connack] = vito.of(TYPE.connack);
  assert.deepEqual([connack?.body[0], vito.published], [0, []], 'no session, and nothing of it');
  local.publish(message('canopy/rack/evt', 'for nobody'));
  await local.flush(5000);
  await vito.fence();
  assert.deepEqual(vito.published, [], 'nor what she had asked for');
});

test('closeWhere drops them at once, with no word more, and what waits for them', async () => {
  const { port, broker, admitted } = await start();
  const local = broker.link({ name: '', instance: 'i' });
  const will = { topic: 'canopy/rack/web/cmd', payload: 'stop' };
  const olga = await RawClient.open(port, { ...as('olga'), will });
  const away = await RawClient.open(port, { ...as('olga', 'away'), clean: false });
  await away.subscribe(['canopy/rack/evt'], 1);
  away.send(DISCONNECT);
  await away.ended();
  const vera = await RawClient.open(port, as('vera'));
  assert.equal(
    broker.closeWhere(who => who === PEOPLE.olga),
    1,
  );
  await olga.ended();
  local.publish(message('canopy/rack/evt', 'later'));
  await local.flush(5000);
  await vera.fence();
  assert.deepEqual(texts(admitted.map(each => each.message)), ['later'], 'her will is not published');
  const back = await RawClient.open(port, { ...as('olga', 'away'), clean: false });
  await back.fence();
  assert.deepEqual([back.of(TYPE.connack)[0]?.body[0], back.published], [0, []]);
});

test('a will obeys the same rules, at the CONNECT', async () => {
  const { port, codes, broker, admitted } = await start();
  const wills = ['canopy/other/cmd', 'canopy/rack/web/state', '$SYS/x', 'home/lamp'];
  for (const topic of wills)
    assert.equal(
      await new RawClient(port).connect({ ...as('olga'), will: { topic, payload: 'x' } }),
      5,
      topic,
    );
  const neighbour = { topic: 'canopy/rack/state', payload: 'lost', retain: true };
  assert.equal(await new RawClient(port).connect({ ...as('leaf', 'node/leaf/i'), will: neighbour }), 5);
  const below = { ...neighbour, topic: 'canopy/leaf/below/state' };
  assert.equal(await new RawClient(port).connect({ ...as('leaf', 'node/leaf/i'), will: below }), 5);
  assert.deepEqual(codes(), Array(6).fill('not-authorized'));
  assert.equal(broker.holds('leaf'), false);
  const own = await RawClient.open(port, {
    ...as('leaf', 'node/leaf/i'),
    will: { ...neighbour, topic: 'canopy/leaf/state' },
  });
  own.destroy();
  await until(() => admitted.length === 1);
});

test('a link in this process has the rights of whom it is for', async () => {
  const { broker, codes } = await start();
  const web = broker.link({ name: 'web', instance: 'i', who: { kind: 'node', name: 'web', is: 'leaf' } });
  await assert.rejects(
    web.subscribe(['canopy/web/+/cmd'], () => {}),
    { code: 'refused' },
  );
  web.publish(message('canopy/web/below/evt'));
  web.publish(message('canopy/web/evt'));
  assert.equal(await web.flush(1000), true);
  assert.deepEqual(codes(), ['not-authorized']);
  const got: string[] = [];
  const owner = broker.link({ name: '', instance: 'i' });
  const vera = broker.link({ name: '', instance: 'v', who: PEOPLE.vera as Principal });
  owner.publish(message('canopy/rack/state', 'seen', { retain: true }));
  owner.publish(message('canopy/other/state', 'not seen', { retain: true }));
  await owner.flush(1000);
  await vera.subscribe(['canopy/#'], ({ topic }) => got.push(topic));
  owner.publish(message('canopy/other/hb', 'x', { qos: 0 }));
  owner.publish(message('canopy/rack/hb', 'x', { qos: 0 }));
  await until(() => got.length >= 2);
  assert.deepEqual(got, ['canopy/rack/state', 'canopy/rack/hb']);
  assert.deepEqual(
    (await vera.retained('canopy/#')).map(({ topic }) => topic),
    ['canopy/rack/state'],
  );
});

test('a certificate counts only where TLS has verified it, by names that can’t be made up', () => {
  const peer = {
    subject: { CN: 'web', OU: ['leaf', 'x'] },
    subjectaltname: 'DNS:web.example, DNS:"a, DNS:root", IP Address:10.0.0.1',
    serialNumber: '0A0B',
    fingerprint256: 'AB:CD',
    valid_to: 'Nov 29 10:00:00 2026 GMT',
  };
  const over = (authorized: boolean, shown: object) =>
    certificateOf({ authorized, getPeerCertificate: () => shown } as never);
  assert.deepEqual(over(true, peer), {
    names: ['web', 'web.example'],
    unit: 'leaf',
    notAfter: Date.UTC(2026, 10, 29, 10),
    serial: '0a0b',
    fingerprint256: 'abcd',
  });
  assert.equal(
    over(true, { ...peer, valid_to: 'never' })?.notAfter,
    0,
    'one whose end can not be read has ended',
  );
  assert.equal(over(false, peer), null);
  assert.equal(over(true, {}), null);
  assert.equal(certificateOf({} as never), null);
});

test('without an authenticator nothing of this is felt', async () => {
  const { port } = await startBroker().then(started => {
    brokers.push(started.broker);
    return started;
  });
  assert.equal(identify('x'), null);
  const stranger = await RawClient.open(port, { clientId: 'x', username: 'who', password: 'ever' });
  assert.deepEqual(await stranger.subscribe(['#', '$SYS/#']), [0, 128]);
});
