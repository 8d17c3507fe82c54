import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventsOf, linesOf, type ServerEvent } from '../../../src/cli/live.js';

/** A body of these chunks, cut at each of them. */
const bodyOf = (...chunks: (string | Uint8Array)[]): ReadableStream<Uint8Array> =>
  ReadableStream.from(chunks.map(chunk => Buffer.from(chunk as string)));

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
const lines = async (...chunks: (string | Uint8Array)[]): Promise<string[]> =>
  (await all(linesOf(bodyOf(...chunks), 1000))).flat();

test('lines, wherever the chunks are cut', async () => {
  const text = 'one\n\nthree €\nfour';
  const bytes = Buffer.from(text);
  for (let at = 0; at <= bytes.length; at++)
    assert.deepEqual(await lines(bytes.subarray(0, at), bytes.subarray(at)), ['one', '', 'three €', 'four']);
  assert.deepEqual(await lines('a\n'), ['a']);
  assert.deepEqual(await lines('a', 'b', 'c\nd', '\n'), ['abc', 'd']);
  assert.deepEqual(await lines(), []);
});

test('a body that falls silent is a dead one', async () => {
  const body = new ReadableStream<Uint8Array>({ start: it => it.enqueue(Buffer.from('one\n')) });
  const found: string[] = [];
  await assert.rejects(async () => {
    for await (const some of linesOf(body, 20)) found.push(...some);
  }, /no sign of life for 0.02 s/);
  assert.deepEqual(found, ['one']);
});

test('but not one that we were too busy to look at', async () => {
  const body = new ReadableStream<Uint8Array>({
    async start(it) {
      setImmediate(() => {
        const until = performance.now() + 1200;
        while (performance.now() < until);
        setImmediate(() => {
          it.enqueue(Buffer.from('one\n'));
          it.close();
        });
      });
    },
  });
  assert.deepEqual((await all(linesOf(body, 100))).flat(), ['one']);
});

const events = (...chunks: string[]): Promise<ServerEvent[]> => all(eventsOf(bodyOf(...chunks), 1000));

test('events, wherever the chunks are cut', async () => {
  const text =
    'retry: 1000\n\n:\n\nid: 7\n\nid: 8\nevent: log\ndata: {"a":1}\n\ndata: b\ndata:  c\n\nevent: x\n\ndata: not ended';
  const wanted = [
    { id: '7', event: '', data: '' },
    { id: '8', event: 'log', data: '{"a":1}' },
    { id: '8', event: 'message', data: 'b\n c' },
    { id: '8', event: '', data: '' },
  ];
  for (let at = 0; at <= text.length; at++)
    assert.deepEqual(await events(text.slice(0, at), text.slice(at)), wanted);
});

test('events as another server ends its lines', async () => {
  assert.deepEqual(await events('id:1\r\nevent:log\r\ndata\r\n\r\n'), [{ id: '1', event: 'log', data: '' }]);
});
