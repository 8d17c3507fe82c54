/** A bridge below a parent that has turned against it: what it takes are commands, and nothing else. */
import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { generate, type Packet, parser } from 'mqtt-packet';
import { Bridge } from '../../../broker/bridge.js';
import { MqttLink } from '../../../broker/mqtt-link.js';
import { collect, RULES, startBroker, texts } from '../../support/broker.js';
import { until } from '../../support/wait.js';

/** Grants everything, and says whatever it likes to whoever is connected. */
async function hostile() {
  const sockets: Socket[] = [];
  const asked: Packet[] = [];
  const server = createServer(socket => {
    sockets.push(socket);
    const packets = parser({ protocolVersion: 4 });
    packets.on('packet', packet => {
      asked.push(packet);
      if (packet.cmd === 'connect')
        socket.write(generate({ cmd: 'connack', returnCode: 0, sessionPresent: false }));
      if (packet.cmd === 'subscribe')
        socket.write(
          generate({
            cmd: 'suback',
            messageId: packet.messageId ?? 0,
            granted: packet.subscriptions.map(() => 1),
          }),
        );
    });
    socket.on('data', chunk => packets.parse(chunk)).on('error', () => {});
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const say = (topic: string, payload: string, more: { qos?: 0 | 1; retain?: boolean } = {}): void => {
    const { qos = 0, retain = false } = more;
    const packet = {
      cmd: 'publish',
      topic,
      payload,
      qos,
      retain,
      dup: false,
      ...(qos && { messageId: 7 }),
    } as const;
    for (const socket of sockets) socket.write(generate(packet));
  };
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port, say, asked, close };
}

test('of all that a parent may say, only commands to this node and below it come through', async t => {
  const parent = await hostile();
  const { broker, refused, admitted } = await startBroker();
  const up = new MqttLink({ url: `mqtt://127.0.0.1:${parent.port}`, clientId: 'node/rack1/i' });
  const odd: string[] = [];
  const bridge = new Bridge({
    local: broker.link({ name: '', instance: 'owner' }),
    up,
    name: 'rack1',
    rules: RULES,
    onRefused: ({ code }) => odd.push(code),
  });
  t.after(async () => {
    bridge.stop();
    up.abort();
    await broker.close();
    parent.close();
  });
  const heard = await collect(broker.link({ name: '', instance: 'ear' }), '#');
  await bridge.start();
  await until(() => parent.asked.some(({ cmd }) => cmd === 'subscribe'));
  for (const channel of [
    'hb',
    'state',
    'evt',
    'res',
    'log',
    '_log',
    '_flow',
    '_csr',
    '_cert',
    'nope',
    '+',
    '#',
  ])
    for (const path of ['rack1/web', 'rack1', 'rack1/rack1/web'])
      for (const retain of [false, true]) parent.say(`canopy/${path}/${channel}`, 'a lie', { retain });
  const aside = [
    'canopy/cmd',
    'canopy/rack2/cmd',
    'canopy/rack1x/cmd',
    'canopy/rack1',
    '$SYS/x',
    'home/lamp',
  ];
  for (const topic of [
    ...aside,
    'canopy/rack1//cmd',
    'canopy/rack1/a b/cmd',
    `canopy/rack1/${'n/'.repeat(9)}cmd`,
  ])
    parent.say(topic, 'a lie', { qos: 1 });
  parent.say('canopy/rack1/web/cmd', 'would fire again', { retain: true, qos: 1 });
  parent.say('canopy/rack1/cmd', 'ping', { qos: 1 });
  parent.say('canopy/rack1/web/cmd', 'restart', { qos: 1 });
  await until(() => heard.length >= 2);
  assert.deepEqual(
    heard.map(({ topic, payload, retain }) => [topic, payload.toString(), retain]),
    [
      ['canopy/cmd', 'ping', false],
      ['canopy/web/cmd', 'restart', false],
    ],
  );
  assert.deepEqual(texts(admitted.map(({ message }) => message)), ['ping', 'restart']);
  assert.ok(
    odd.includes('retained-command') && odd.every(code => ['retained-command', 'bad-topic'].includes(code)),
    `${odd}`,
  );
  assert.deepEqual(refused, []);
});
