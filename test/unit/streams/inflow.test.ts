import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlowAsk } from '../../../src/protocol/flows.js';
import { FlowBroken, Inflow } from '../../../src/streams/inflow.js';
import { WINDOW_BYTES } from '../../../src/streams/limits.js';

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
