import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../../../broker/link.js';
import { systemClock } from '../../../src/core/clock.js';
import { encodeFlow, hopTopic } from '../../../src/protocol/flows.js';
import { Inflows } from '../../../src/streams/inflows.js';
import { startBroker } from '../../support/broker.js';

test('of names that anyone can make up 50,000 are kept, and one that is gone makes room', async () => {
  const { broker } = await startBroker({});
  const link = broker.link({ name: '', instance: 'test' });
  // The handler by itself: so many messages by way of a broker take a minute.
  let receive: (message: Message) => void = () => {};
  const subscribe = link.subscribe.bind(link);
  link.subscribe = (filters, onMessage) => {
    receive = onMessage;
    return subscribe(filters, onMessage);
  };
  const inflows = new Inflows({ link, clock: systemClock, owner: 'test@1' });
  await inflows.start();
  const payload = Buffer.concat(encodeFlow({ alive: true }));
  const says = (path: string) => receive({ topic: hopTopic(path, '_log'), payload, qos: 0, retain: false });
  for (let at = 0; at < 50_000; at++) says(`n${at}`);
  says('late');
  assert.deepEqual(
    [inflows.hears('n0'), inflows.hears('n49999'), inflows.hears('late')],
    [true, true, false],
  );
  inflows.forget('n0');
  says('late');
  assert.equal(inflows.hears('late'), true);
  inflows.stop();
  await broker.close();
});
