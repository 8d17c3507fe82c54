import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { Front } from '../../../src/rest/front.js';

const answering = (request: IncomingMessage, response: ServerResponse): void => {
  if (request.url !== '/never') response.end(`to ${request.url}`);
};

async function open(load: () => Promise<{ routing: typeof answering; close(): Promise<void> }>) {
  const failures: string[] = [];
  const front = new Front(load, error => failures.push(error.message));
  await front.listen('127.0.0.1', 0);
  after(() => front.close());
  return { front, failures, ask: async (path: string) => (await fetch(front.origin + path)).text() };
}

test('what answers is loaded at the first request, once for all that come meanwhile', async () => {
  let loads = 0;
  const { ask } = await open(async () => {
    loads += 1;
    return { routing: answering, close: async () => {} };
  });
  assert.equal(loads, 0);
  assert.deepEqual(await Promise.all([ask('/a'), ask('/b')]), ['to /a', 'to /b']);
  assert.equal(await ask('/c'), 'to /c');
  assert.equal(loads, 1);
});

test('what could not be loaded is told, and tried again at the next request', async () => {
  let loads = 0;
  const { ask, failures } = await open(async () => {
    loads += 1;
    if (loads === 1) throw new Error('no memory');
    return { routing: answering, close: async () => {} };
  });
  await assert.rejects(ask('/a'));
  assert.equal(await ask('/a'), 'to /a');
  assert.deepEqual(failures, ['no memory']);
});

test('it closes over a request that is never answered, and what it loaded with it', async () => {
  let closed = 0;
  const { front } = await open(async () => ({ routing: answering, close: async () => void closed++ }));
  const { port } = new URL(front.origin as string);
  const socket = connect(Number(port), '127.0.0.1');
  socket
    .on('error', () => {})
    .write('GET /never HTTP/1.1\r\nhost: x\r\n\r\nGET /a HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(socket, 'connect');
  await (await fetch(`${front.origin}/b`)).text();
  const gone = once(socket, 'close');
  await front.close();
  await gone;
  assert.equal(closed, 1);
  assert.equal(front.origin, null);
});

test('what is no HTTP is answered as a problem', async () => {
  const { front } = await open(async () => ({ routing: answering, close: async () => {} }));
  const socket = connect(Number(new URL(front.origin as string).port), '127.0.0.1');
  socket.end('no such thing\r\n\r\n');
  let text = '';
  for await (const chunk of socket.setEncoding('utf8')) text += chunk;
  assert.match(
    text,
    /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*application\/problem\+json[\s\S]*"code":"bad-request"/,
  );
});
