/** Who is subscribed to what, who keeps up, and what wildcards are not sent. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { MqttLink } from '../../../broker/mqtt-link.js';
import { inState, message, startBroker } from '../../support/broker.js';
import { RawClient, TYPE } from '../../support/raw-mqtt.js';
import { until } from '../../support/wait.js';

const cleanups: (() => unknown)[] = [];
after(async () => {
  for (const clean of cleanups.reverse()) await clean();
});

async function open() {
  const filters: string[] = [];
  const { broker, port, url } = await startBroker({ onAudience: filter => filters.push(filter) });
  cleanups.push(() => broker.close());
  const client = async (clientId: string, ...held: string[]): Promise<RawClient> => {
    const made = await RawClient.open(port, { clientId });
    cleanups.push(() => made.destroy());
    if (held.length > 0) await made.subscribe(held);
    return made;
  };
  return { broker, url, client, filters };
}

test('a filter is held from its SUBSCRIBE to its UNSUBSCRIBE, or as long as the connection', async () => {
  const { broker, client, filters } = await open();
  const one = await client('one', 'canopy/web/log');
  const two = await client('two', 'canopy/web/log', 'canopy/+/hb');
  await client('three', 'canopy/db/#');
  assert.deepEqual(filters, ['canopy/web/log', 'canopy/web/log', 'canopy/+/hb', 'canopy/db/#']);
  assert.ok(!broker.audience.asksFor('canopy/db/log'), 'a # asks for nothing by name');
  assert.ok(broker.audience.asksFor('canopy/web/log') && !broker.audience.asksFor('canopy/web/evt'));
  assert.ok(broker.audience.asksFor('canopy/other/hb'), 'a + stands for a name');
  assert.ok(broker.audience.hears('canopy/web/hb') && !broker.audience.hears('canopy/web/evt'));
  const name = Buffer.from('canopy/web/log');
  one.send(Buffer.concat([Buffer.from([0xa2, 4 + name.length, 0, 9, 0, name.length]), name]));
  await until(() => filters.length === 5, 2000, 'the UNSUBSCRIBE is told');
  assert.ok(broker.audience.asksFor('canopy/web/log'), 'the other one holds it still');
  two.destroy();
  await until(() => !broker.audience.asksFor('canopy/web/log') && !broker.audience.hears('canopy/web/hb'));
});

test('what is refused is not held', async () => {
  const { broker, client, filters } = await open();
  await client('node/web/1', 'canopy/other/log');
  assert.deepEqual([filters, broker.audience.asksFor('canopy/other/log')], [[], false]);
});

test('who keeps up is waited for, who does not only for a while, and never for both', async () => {
  const { broker, client } = await open();
  const link = broker.link({ name: '', instance: 'a' });
  await inState(link, 'connected');
  const frozen = await client('frozen', 'canopy/web/log');
  frozen.socket.pause();
  const payload = 'x'.repeat(100_000);
  const fill = async (): Promise<void> => {
    for (let nth = 0; nth < 200; nth++) {
      link.publish(message('canopy/web/log', payload, { qos: 0 }));
      await link.drained();
    }
  };
  await fill();
  const from = performance.now();
  const waiting = broker.audience.ready('canopy/web/log', 200);
  await waiting;
  assert.ok(performance.now() - from >= 190, 'waited for once');
  // Alone, it is waited for until it reads or goes; beside others it is not.
  let came = false;
  const alone = broker.audience.ready('canopy/web/log', 10).then(() => {
    came = true;
  });
  const quick = await client('quick', 'canopy/web/log');
  await broker.audience.ready('canopy/web/log', 10_000);
  assert.equal(came, false);
  frozen.destroy();
  await alone;
  quick.destroy();
});

test('what begins with _ is sent to who asks for that very level, and to no other', async () => {
  const { broker, client } = await open();
  const link = broker.link({ name: '', instance: 'a' });
  await inState(link, 'connected');
  const asked: [string, number][] = [
    ['canopy/#', 1],
    ['#', 1],
    ['canopy/web/+', 1],
    ['canopy/+/_log', 1],
    ['canopy/web/_log', 1],
  ];
  const clients = await Promise.all(asked.map(([filter], nth) => client(`c${nth}`, filter)));
  link.publish(message('canopy/web/_log', 'hop', { qos: 0 }));
  link.publish(message('canopy/web/_log', 'hop', { qos: 1 }));
  link.publish(message('canopy/web/evt', 'last'));
  const got = async (nth: number, count: number): Promise<string[]> => {
    const packets = await (clients[nth] as RawClient).expect(TYPE.publish, count);
    return (
      packets.map(() => '') && (clients[nth] as RawClient).published.map(({ payload }) => payload.toString())
    );
  };
  for (const nth of [0, 1, 2]) assert.deepEqual(await got(nth, 1), ['last']);
  for (const nth of [3, 4]) assert.deepEqual(await got(nth, 2), ['hop', 'hop']);
});

test('a link is drained when its socket takes more, or is gone', async () => {
  const { url, client } = await open();
  const reader = await client('reader', 'canopy/web/evt');
  const link = new MqttLink({ url, clientId: 'writer', batchMs: 60_000 });
  cleanups.push(() => link.close());
  await link.drained();
  await inState(link, 'connected');
  link.publish(message('canopy/web/evt', 'held back', { qos: 0 }));
  await link.drained();
  await reader.expect(TYPE.publish, 1);
  link.publish(message('canopy/web/evt', 'y'.repeat(200_000), { qos: 0 }));
  await link.drained();
  link.abort();
  await link.drained();
});
