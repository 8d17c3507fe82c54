import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../../../broker/link.js';
import { Outbox } from '../../../broker/wire/outbox.js';

const message = (text: string): Message => ({
  topic: 'up/evt',
  payload: Buffer.from(text),
  qos: 1,
  retain: false,
});

/** A connection on which so many are acknowledged before it ends: what was sent, and what was given up. */
function connection(outbox: Outbox, acknowledged: number): { sent: string[]; refused: number } {
  const [sent, tickets]: [string[], number[]] = [[], []];
  let refused = 0;
  const pump = (): void => {
    for (let next = outbox.next(); next !== null; next = outbox.next()) {
      sent.push(next.entry.message.payload.toString());
      tickets.push(next.ticket);
    }
  };
  pump();
  for (const ticket of tickets.slice(0, acknowledged)) outbox.acknowledge(ticket);
  pump();
  outbox.rewind(() => refused++);
  return { sent, refused };
}
const filled = (count: number): Outbox => {
  const outbox = new Outbox(100, 3);
  for (let at = 1; at <= count; at++) outbox.push({ message: message(`${at}`) });
  return outbox;
};

test('where connection after connection brings nothing across, they go one by one, and the first goes for good', () => {
  const outbox = filled(5);
  const seen = Array.from({ length: 8 }, () => connection(outbox, 0));
  assert.deepEqual(seen.slice(0, 7), [
    { sent: ['1', '2', '3'], refused: 0 },
    { sent: ['1', '2', '3'], refused: 0 },
    ...Array.from({ length: 4 }, () => ({ sent: ['1'], refused: 0 })),
    { sent: ['1'], refused: 1 },
  ]);
  assert.deepEqual(seen[7], { sent: ['2', '3', '4'], refused: 0 });
});

test('a line that breaks again and again costs none, as long as some come through', () => {
  const outbox = filled(20);
  let refused = 0;
  for (let turn = 0; turn < 60; turn++) refused += connection(outbox, turn % 6 === 5 ? 1 : 0).refused;
  assert.deepEqual([refused, outbox.size], [0, 10]);
});

test('connections over which nothing was to be sent say nothing of what comes later', () => {
  const outbox = filled(0);
  for (let turn = 0; turn < 20; turn++) connection(outbox, 0);
  for (const text of ['1', '2']) outbox.push({ message: message(text) });
  assert.deepEqual(connection(outbox, 0), { sent: ['1', '2'], refused: 0 });
});
