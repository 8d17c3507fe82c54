import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Cursor } from '../../../src/streams/cursor.js';
import { Ring, type RingItem } from '../../../src/streams/ring.js';
import { arbLog, arbSizes, asRead, itemsOf, read } from './arbitrary.js';

/** What is left in a ring. */
const held = (ring: Ring): RingItem[] =>
  Array.from({ length: ring.next - ring.first }, (_, nth) => ring.at(ring.first + nth) as RingItem);

test('whoever has all up to its floor finds all that follows', () => {
  fc.assert(
    fc.property(arbLog(11), arbSizes, fc.integer({ min: 300, max: 2000 }), (lines, sizes, most) => {
      const ring = new Ring(10, most);
      for (const item of itemsOf(lines, sizes)) ring.add(item);
      assert.ok(ring.next > ring.first, 'the newest stays, however large');
      assert.equal(ring.last, 10 + lines.length);
      const cursor = new Cursor(ring.floor);
      const rest = held(ring).flatMap(item => (item.kind === 'lines' ? (cursor.take(item) ?? []) : []));
      assert.deepEqual(read(rest), asRead(lines.filter(({ seq }) => seq > ring.floor)));
    }),
  );
});

test('it keeps its bounds, and counts what a reader has not read', () => {
  const ring = new Ring(0, 3000);
  const gap = (from: number): RingItem => ({ kind: 'gap', from, to: from, reason: '' });
  for (let seq = 1; seq <= 100; seq++) ring.add(gap(seq));
  assert.deepEqual([ring.first, ring.next, ring.floor, ring.at(88), ring.at(100)], [89, 100, 89, null, null]);
  assert.deepEqual([ring.after(100), ring.after(99), ring.after(0)], [0, 256, 11 * 256]);
});

test('a line of which the first pieces are gone is below the floor', () => {
  const ring = new Ring(0, 600);
  const piece = (more: boolean): RingItem => ({
    kind: 'lines',
    runs: [{ seq: 1, lines: 1, ts: 1, stream: 'stdout', bytes: 100, ...(more && { more: true }) }],
    bytes: Buffer.alloc(100),
  });
  for (const more of [true, true, false]) ring.add(piece(more));
  assert.deepEqual([ring.first, ring.floor], [2, 1]);
});
