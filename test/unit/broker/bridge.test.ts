import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Bridge, type BridgeOptions } from '../../../broker/bridge.js';
import { LinkBase } from '../../../broker/emitter.js';
import type { Link, Message, MessageHandler } from '../../../broker/link.js';
import { MqttLink } from '../../../broker/mqtt-link.js';
import type { Refusal } from '../../../broker/rules.js';
import { collect, inState, message, RULES, startBroker, texts } from '../../support/broker.js';
import { freePort, startMosquitto } from '../../support/mosquitto.js';
import { until } from '../../support/wait.js';

const cleanups: (() => unknown)[] = [];
after(async () => {
  for (const clean of cleanups.reverse()) await clean();
});

const broker = async (port = 0) => {
  const started = await startBroker({ port });
  cleanups.push(() => started.broker.close());
  return { ...started, owner: started.broker.link({ name: '', instance: 'owner' }) };
};

const linkTo = (url: string, clientId: string) => {
  const link = new MqttLink({ url, clientId });
  cleanups.push(() => link.abort());
  return link;
};

async function join(local: Link, up: Link, name: string, more: Partial<BridgeOptions> = {}) {
  const refused: (Refusal & { message?: Message })[] = [];
  const bridge = new Bridge({
    local,
    up,
    name,
    rules: RULES,
    onRefused: event => refused.push(event),
    ...more,
  });
  await bridge.start();
  cleanups.push(() => bridge.stop());
  return { bridge, refused };
}

/** relay `rack1` below a root, joined. */
async function pair() {
  const [root, relay] = [await broker(), await broker()];
  const up = linkTo(root.url, 'node/rack1/i');
  const joined = await join(relay.broker.link({ name: '', instance: 'owner' }), up, 'rack1');
  await inState(up, 'connected');
  return { root, relay, up, ...joined };
}

const topics = (messages: readonly Message[]) => messages.map(({ topic }) => topic);

test('up gets the name, down loses it, through three brokers', async () => {
  const { root, relay } = await pair();
  const lowest = await broker();
  await join(lowest.broker.link({ name: '', instance: 'owner' }), linkTo(relay.url, 'node/sub/i'), 'sub');
  const above = await collect(root.owner, 'canopy/#');
  const leaf = linkTo(lowest.url, 'node/web/i');
  const commands = await collect(leaf, 'canopy/web/cmd');
  leaf.publish(message('canopy/web/state', 'up', { retain: true }));
  leaf.publish(message('canopy/web/hb', 'beat', { qos: 0 }));
  lowest.owner.publish(message('canopy/hb', 'own', { qos: 0 }));
  await until(() => above.length === 3);
  assert.deepEqual(topics(above).sort(), [
    'canopy/rack1/sub/hb',
    'canopy/rack1/sub/web/hb',
    'canopy/rack1/sub/web/state',
  ]);
  assert.ok(above.every(received => !received.retain));
  assert.deepEqual(texts(await root.owner.retained('canopy/rack1/sub/web/state')), ['up']);
  root.owner.publish(message('canopy/rack1/sub/web/cmd', 'restart'));
  await until(() => commands.length === 1);
  assert.equal(commands[0]?.qos, 1);
});

test('a hundred commands are a hundred deliveries, and nothing comes back', async () => {
  const { root, relay, up } = await pair();
  const below = await collect(relay.owner, 'canopy/#');
  const above = await collect(root.owner, 'canopy/#');
  // Connected is not yet subscribed: what goes down before that has nowhere to go.
  await until(async () => {
    root.owner.publish(message('canopy/rack1/cmd', 'are you there'));
    return (await up.flush(1000)) && below.length > 0;
  });
  root.owner.publish(message('canopy/rack1/cmd', 'now'));
  await until(() => texts(below).includes('now') && texts(above).includes('now'));
  below.length = 0;
  above.length = 0;
  for (let at = 0; at < 100; at++) {
    root.owner.publish(message(at % 2 ? 'canopy/rack1/web/cmd' : 'canopy/rack1/cmd', `${at}`));
    root.owner.publish(message('canopy/rack2/cmd', 'not for you'));
  }
  await until(() => below.length >= 100);
  relay.owner.publish(message('canopy/evt', 'end'));
  await until(() => texts(above).includes('end'));
  assert.deepEqual(
    texts(below.slice(0, 100)),
    Array.from({ length: 100 }, (_, at) => `${at}`),
  );
  assert.equal(below.length, 101);
  assert.equal(above.length, 201);
});

test('what is foreign, too deep or too large stays here, and is reported; the link stays up', async () => {
  const { root, relay, refused, up } = await pair();
  const lost: unknown[] = [];
  up.on('lost', cause => lost.push(cause));
  const above = await collect(root.owner, '#');
  const deep = 'canopy/1/2/3/4/5/6/7/8/evt';
  for (const topic of ['home/lamp', 'canopy/web/_next', 'canopy/web/cmd', deep])
    relay.owner.publish(message(topic));
  const topic = 'canopy/web/evt';
  // As large as this broker takes: the name makes it too large for the parent.
  relay.owner.publish(message(topic, 'x'.repeat(1024 * 1024 - topic.length - 4)));
  relay.owner.publish(message(topic, 'fine'));
  await until(() => above.length > 0);
  assert.deepEqual(texts(above), ['fine']);
  assert.deepEqual(
    refused.map(event => [event.code, event.message?.topic]),
    [
      ['bad-topic', deep],
      ['too-large', topic],
    ],
  );
  assert.deepEqual(lost, []);
});

test('a topic grown too long stays here', async () => {
  const [root, relay] = [await broker(), await broker()];
  const up = linkTo(root.url, 'node/rack1/i');
  const limits = { maxTopicBytes: 20 };
  const { refused } = await join(relay.broker.link({ name: '', instance: 'o' }), up, 'rack1', { limits });
  await inState(up, 'connected');
  const above = await collect(root.owner, '#');
  for (const name of ['webserver', 'web'])
    relay.owner.publish(message(`canopy/${name}/hb`, name, { qos: 0 }));
  await until(() => above.length === 1);
  assert.deepEqual(texts(above), ['web']);
  assert.deepEqual(
    refused.map(event => event.code),
    ['bad-topic'],
  );
});

test('a new connection gets all that is retained, and the end of what no longer is', async () => {
  const port = await freePort();
  const relay = await broker();
  let root = await broker(port);
  const up = linkTo(root.url, 'node/rack1/i');
  await join(relay.broker.link({ name: '', instance: 'o' }), up, 'rack1');
  await inState(up, 'connected');
  const state = (name: string, payload: string) =>
    relay.owner.publish(message(`canopy/${name}/state`, payload, { retain: true }));
  for (const name of ['kept', 'gone', 'changed']) state(name, 'old');
  for (let at = 0; at < 600; at++) state(`n${at}`, 'x');
  const stored = async () =>
    new Map((await root.owner.retained('canopy/#')).map(m => [m.topic.split('/')[2], m.payload.toString()]));
  await until(async () => (await stored()).size === 603);
  // A parent that remembers: its broker goes on, only the line is cut.
  const lost = new Promise<void>(resolve => up.on('lost', () => resolve()));
  root.broker.closeClient('node/rack1/i');
  await lost;
  state('gone', '');
  state('changed', 'new');
  await until(async () => {
    const now = await stored();
    return now.size === 602 && !now.has('gone') && now.get('changed') === 'new';
  });
  // And one that forgot everything.
  await root.broker.close();
  await inState(up, 'lost');
  state('kept', '');
  root = await broker(port);
  await until(async () => (await stored()).size === 601);
  assert.equal((await stored()).get('changed'), 'new');
});

test('what is only live waits for the parent, what is retained goes in its newest form', async () => {
  const port = await freePort();
  const relay = await broker();
  const up = linkTo(`mqtt://127.0.0.1:${port}`, 'node/rack1/i');
  await join(relay.broker.link({ name: '', instance: 'o' }), up, 'rack1');
  for (const text of ['1', '2', '3']) {
    relay.owner.publish(message('canopy/web/state', text, { retain: true }));
    relay.owner.publish(message('canopy/web/evt', text));
    relay.owner.publish(message('canopy/web/hb', text, { qos: 0 }));
  }
  await relay.owner.flush(1000);
  await until(() => up.lastError);
  const root = await broker(port);
  const above = await collect(root.owner, 'canopy/#');
  await until(() => above.length === 4);
  assert.deepEqual(
    above.filter(m => m.topic.endsWith('evt')).map(m => m.payload.toString()),
    ['1', '2', '3'],
  );
  assert.deepEqual(texts(above.filter(m => m.topic.endsWith('state'))), ['3']);
});

/** A link whose every move is the test's. */
class ScriptedLink extends LinkBase {
  readonly sent: Message[] = [];
  handler: MessageHandler = () => {};
  answer: (stored: Message[]) => void = () => {};
  connect(): void {
    this.turnConnected();
  }
  publish(given: Message): void {
    this.sent.push(given);
  }
  async drained(): Promise<void> {}
  async subscribe(_filters: readonly string[], handler: MessageHandler): Promise<void> {
    this.handler = handler;
  }
  retained(): Promise<Message[]> {
    return new Promise(resolve => {
      this.answer = resolve;
    });
  }
  async flush(): Promise<boolean> {
    return true;
  }
  async close(): Promise<void> {}
  abort(): void {}
}

const retained = (topic: string, payload: string) => message(topic, payload, { retain: true });

test('no stored copy comes after a live message of its topic', async () => {
  const [local, up] = [new ScriptedLink(), new ScriptedLink()];
  await join(local, up, 'rack1');
  up.connect();
  local.handler(message('canopy/a/state', 'live'));
  local.handler(message('canopy/b/state', ''));
  local.answer([
    retained('canopy/a/state', 'old'),
    retained('canopy/b/state', 'old'),
    retained('canopy/c/state', 'c'),
  ]);
  await until(() => up.sent.length === 3);
  assert.deepEqual(texts(up.sent), ['live', '', 'c']);
  assert.ok(up.sent.every(sent => sent.retain && sent.qos === 1));
});

test('nor while a long snapshot is on its way', async () => {
  const [local, up] = [new ScriptedLink(), new ScriptedLink()];
  await join(local, up, 'rack1');
  up.connect();
  let released: (flushed: boolean) => void = () => {};
  up.flush = () =>
    new Promise(resolve => {
      released = resolve;
    });
  local.answer(Array.from({ length: 400 }, (_, at) => retained(`canopy/n${at}/state`, 'old')));
  await until(() => up.sent.length === 256);
  local.handler(message('canopy/n399/state', 'live'));
  released(true);
  await until(() => up.sent.length === 400);
  assert.deepEqual(texts(up.sent.filter(({ topic }) => topic === 'canopy/rack1/n399/state')), ['live']);
});

test('a command that the parent had stored is dropped and reported', async () => {
  const mosquitto = await startMosquitto();
  cleanups.push(mosquitto.stop);
  const person = linkTo(mosquitto.url, 'person');
  await inState(person, 'connected');
  person.publish(message('canopy/rack1/web/cmd', 'restart', { retain: true }));
  assert.equal(await person.flush(1000), true);
  const relay = await broker();
  const below = await collect(relay.owner, 'canopy/#');
  const up = linkTo(mosquitto.url, 'node/rack1/i');
  const { refused } = await join(relay.broker.link({ name: '', instance: 'o' }), up, 'rack1');
  await until(() => refused.length === 1);
  assert.equal(refused[0]?.code, 'retained-command');
  person.publish(message('canopy/rack1/web/cmd', 'ping'));
  await until(() => below.length === 1);
  assert.deepEqual(texts(below), ['ping']);
});

test('a plain mosquitto does as the broker of a relay, and as a parent', async () => {
  const [above, below] = [await startMosquitto(), await startMosquitto()];
  cleanups.push(above.stop, below.stop);
  const [local, up, leaf, top] = [
    linkTo(below.url, 'bridge'),
    linkTo(above.url, 'node/rack1/i'),
    linkTo(below.url, 'node/web/i'),
    linkTo(above.url, 'person'),
  ];
  leaf.publish(retained('canopy/web/state', 'up'));
  assert.equal(await leaf.flush(5000), true);
  await join(local, up, 'rack1');
  const got = await collect(top, 'canopy/#');
  await until(() => texts(got).includes('up'));
  leaf.publish(message('canopy/web/evt', 'event'));
  await until(() => got.some(m => m.topic === 'canopy/rack1/web/evt'));
  const commands = await collect(leaf, 'canopy/web/cmd');
  top.publish(message('canopy/rack1/web/cmd', 'stop'));
  await until(() => commands.length === 1);
});

test('a stopped bridge passes nothing', async () => {
  const { root, relay, bridge } = await pair();
  const above = await collect(root.owner, 'canopy/#');
  bridge.stop();
  relay.owner.publish(message('canopy/evt', 'late'));
  await relay.owner.flush(1000);
  root.owner.publish(message('canopy/evt', 'end'));
  await until(() => above.length === 1);
  assert.deepEqual(texts(above), ['end']);
});
