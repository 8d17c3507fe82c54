import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlowAsk } from '../../../src/protocol/flows.js';
import { FlowBroken, Inflow } from '../../../src/streams/inflow.js';
import { CHUNK_BYTES, MOST_WAITING, WINDOW_BYTES } from '../../../src/streams/limits.js';

const CUT = new AbortController().signal;

function open() {
  const asks: Omit<FlowAsk, 'v'>[] = [];
  const flow = new Inflow(
    'a-1',
    { hop: 'web', rest: '' },
    { query: { follow: true } },
    {
      send: ask => asks.push(ask),
      window: () => WINDOW_BYTES,
      now: () => 0,
    },
  );
  const lines = (seq: number, n: number) =>
    flow.receive({
      head: { v: 1, flow: 'a-1', n, runs: [{ seq, lines: 1, ts: 1, stream: 'stdout', bytes: 2 }] },
      bytes: Buffer.from(`${seq}\n`),
    });
  return { flow, asks, lines };
}

test('what comes in a row is handed on', async () => {
  const { flow, lines } = open();
  lines(1, 0);
  lines(2, 2);
  for (const text of ['1\n', '2\n']) {
    const item = await flow.next(CUT);
    assert.equal(item?.kind === 'lines' && item.bytes.toString(), text);
  }
});

test('one message that was lost breaks it, behind all that came before', async () => {
  const { flow, lines } = open();
  lines(1, 0);
  lines(3, 4);
  assert.equal((await flow.next(CUT))?.kind, 'lines');
  await assert.rejects(
    flow.next(CUT),
    (error: unknown) => error instanceof FlowBroken && /2 bytes were lost/.test(error.message),
  );
});

test('so does one that came twice', async () => {
  const { flow, lines } = open();
  lines(1, 0);
  lines(1, 0);
  assert.equal((await flow.next(CUT))?.kind, 'lines');
  await assert.rejects(flow.next(CUT), FlowBroken);
});

/** So many bytes in one line, from byte `n` on. */
const piece = (n: number, bytes: number) => ({
  head: {
    v: 1 as const,
    flow: 'a-1',
    n,
    runs: [{ seq: 1, lines: 1, ts: 1, stream: 'stdout' as const, bytes }],
  },
  bytes: Buffer.alloc(bytes, 'x'),
});

test('what goes beyond what was allowed by more than a chunk ends it for good, and is not kept', async () => {
  const { flow } = open();
  const pieces = WINDOW_BYTES / CHUNK_BYTES + 1;
  for (let at = 0; at < pieces; at++) flow.receive(piece(at * CHUNK_BYTES, CHUNK_BYTES));
  for (let at = 0; at < 3; at++) flow.receive(piece(pieces * CHUNK_BYTES, 1));
  for (let at = 0; at < pieces; at++) assert.equal((await flow.next(CUT))?.kind, 'lines');
  await assert.rejects(flow.next(CUT), { code: 'slow-down' });
});

test('who reads what was allowed is sent as much again, for ever', async () => {
  const { flow } = open();
  for (let at = 0; at < (3 * WINDOW_BYTES) / CHUNK_BYTES; at++) {
    flow.receive(piece(at * CHUNK_BYTES, CHUNK_BYTES));
    assert.equal((await flow.next(CUT))?.kind, 'lines');
  }
});

for (const [what, head] of [
  ['lines of no bytes', { runs: piece(0, 0).head.runs.flatMap(run => Array(99).fill(run)) }],
  ['ends', { end: { first: null, last: null } }],
] as const)
  test(`more ${what} than may wait break it, behind those before, and count no more when they are used up`, async () => {
    const { flow } = open();
    const weight = 'runs' in head ? 1 + head.runs.length : 1;
    const most = Math.floor(MOST_WAITING / weight);
    const come = () => flow.receive({ head: { v: 1, flow: 'a-1', n: 0, ...head }, bytes: Buffer.alloc(0) });
    for (let at = 0; at < most; at++) come();
    for (let at = 0; at < most; at++) assert.ok(await flow.next(CUT));
    for (let at = 0; at < most + 2; at++) come();
    for (let at = 0; at < most; at++) assert.ok(await flow.next(CUT));
    await assert.rejects(flow.next(CUT), FlowBroken);
  });
