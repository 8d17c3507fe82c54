import assert from 'node:assert/strict';
import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { Views } from '../../../src/rest/views.js';
import { SseClient } from '../../support/sse.js';
import { until } from '../../support/wait.js';
import { Kept, scratch } from '../history/support.js';
import { People } from './people.js';
import { type Given, serve } from './support.js';

/** REST over a node with history: rack1 with web and api, and db beside it. */
async function open(t: TestContext, given: Given = {}) {
  const box = scratch();
  t.after(box.remove);
  const node = await Kept.open(box.path);
  node.relay('rack1');
  node.state('rack1/web');
  node.state('rack1/api', { app: 'api' });
  node.state('db', { app: 'db' });
  node.clock.pass(1000);
  const served = await serve({
    history: node.history,
    views: new Views(node.registry, 'root'),
    clock: node.clock,
    ...given,
  });
  t.after(async () => {
    await served.close();
    await node.close();
  });
  return { node, served };
}

describe('/events', () => {
  test('filters, and turns pages either way, until there is no more', async t => {
    const { node, served } = await open(t);
    for (let event = 0; event < 25; event++) node.event('rack1/web', { reason: `number ${event}` });
    node.down('rack1/api', { app: 'api' });
    const asked = async (query: string) => (await served.ask('GET', `/api/v1/events?${query}`)).json;
    const ROWS: [string, number][] = [
      ['limit=1000', 31],
      ['under=rack1&limit=1000', 30],
      ['path=rack1', 1],
      ['app=api', 3],
      ['event=phase&limit=1000', 25],
      ['event=incident', 1],
      ['status=down', 1],
      [`since=${node.clock.now()}&limit=1000`, 27],
      [`until=${node.clock.now()}`, 4],
    ];
    for (const [query, count] of ROWS) assert.equal((await asked(query)).events.length, count, query);
    for (const order of ['newest', 'oldest']) {
      const ids: number[] = [];
      for (let cursor = ''; ids.length < 100; ) {
        const page = await asked(`order=${order}&limit=7${cursor && `&cursor=${cursor}`}`);
        ids.push(...page.events.map(({ id }: { id: number }) => id));
        if (page.nextCursor === null) break;
        cursor = page.nextCursor;
      }
      assert.equal(new Set(ids).size, 31);
      assert.deepEqual(
        ids,
        [...ids].sort((a, b) => (order === 'newest' ? b - a : a - b)),
      );
    }
  });

  test('an event keeps since and its alert, and nothing that nobody knows of', async t => {
    const { node, served } = await open(t);
    const url = await listening(served);
    const stream = await SseClient.open(`${url}/api/v1/events?event=alert`, SSE);
    await until(() => stream.text.includes('id: '));
    const since = node.clock.now() - 5000;
    const alert = {
      ...{ id: '0f3c', rule: 'node-down', severity: 'critical', app: 'web', cause: null, hidden: 0, since },
      ...{ dueAt: since + 1000, acked: { by: 'ops', at: since + 2000 } },
      status: 'down',
      kind: 'leaf',
    } as const;
    const strange = { ...alert, acked: { ...alert.acked, x: 'y' }, more: 'z'.repeat(5000) };
    node.event('rack1', { event: 'alert', path: 'web', to: 'acked', since, alert: strange });
    await stream.saw(({ events }) => events.length === 1);
    const { events } = (await served.ask('GET', '/api/v1/events?event=alert')).json;
    for (const told of [events[0], stream.events[0]?.data])
      assert.deepEqual([told.path, told.to, told.since, told.alert], ['rack1/web', 'acked', since, alert]);
    stream.close();
  });

  test('what is asked wrongly is answered with what was expected', async t => {
    const { served } = await open(t);
    const ROWS: [string, string][] = [
      ['events?cursor=x', 'bad-request'],
      ['events?since=then', 'bad-argument'],
      ['events?under=a%20b', 'bad-path'],
      ['events?limit=0', 'bad-request'],
      ['events?unknown=1', 'bad-request'],
      ['availability/nowhere', 'not-found'],
      ['availability/db?since=1h&until=2h', 'bad-argument'],
    ];
    for (const [url, code] of ROWS)
      assert.equal((await served.ask('GET', `/api/v1/${url}`)).json.code, code, url);
    const headers = { accept: 'text/event-stream', 'last-event-id': '-1' };
    assert.equal((await served.ask('GET', '/api/v1/events', undefined, headers)).json.code, 'bad-request');
  });
});

const listening = async (served: Awaited<ReturnType<typeof serve>>): Promise<string> => {
  await served.app.listen({ port: 0 });
  return `http://127.0.0.1:${(served.app.server.address() as AddressInfo).port}`;
};
const SSE = { accept: 'text/event-stream' };

test('one who does not read holds nobody up, and costs no memory for what it misses', async t => {
  const { node, served } = await open(t);
  const url = await listening(served);
  const stuck = await new Promise<{ destroy(): void; pause(): void }>(resolve =>
    get(`${url}/api/v1/events`, { headers: SSE, agent: false }, resolve),
  );
  stuck.pause();
  const reading = await SseClient.open(`${url}/api/v1/events?event=phase`, SSE);
  await until(() => reading.text.includes('id: '));
  for (let event = 0; event < 5000; event++) {
    node.event('db', { reason: 'x'.repeat(1000) });
    if (event % 500 === 0) await node.history.store.flushed();
  }
  await reading.saw(({ events }) => events.length === 5000);
  stuck.destroy();
  reading.close();
});

test('one who comes too late for what is kept is told, and begins with how things are', async t => {
  const { node, served } = await open(t);
  const url = await listening(served);
  // The last that is gone is known for what it is: who has seen it has missed nothing.
  const id = node.history.store.last - 1;
  node.pass(31 * 86_400_000);
  node.event('db');
  await node.history.store.flushed();
  const stream = await SseClient.open(`${url}/api/v1/events?under=db`, {
    ...SSE,
    'last-event-id': String(id),
  });
  await stream.saw(({ events }) => events.length >= 2);
  assert.deepEqual(
    stream.events.map(({ event, data }) => [event, data.snapshot ?? data.gap.from]),
    [
      ['gap', id],
      ['state', true],
    ],
  );
  stream.close();
});

test('as many read along as may, and those who are one too many are told so', async t => {
  const { served } = await open(t, { streams: 1 });
  const url = await listening(served);
  const first = await SseClient.open(`${url}/api/v1/events`, SSE);
  await first.saw(({ events }) => events.length > 0);
  const second = await SseClient.open(`${url}/api/v1/events`, SSE);
  assert.equal(second.status, 429);
  first.close();
});

test('a token sees its subtree, in a page, a stream and a sum alike', async t => {
  const { node, served } = await open(t, { authenticator: new People() });
  const url = await listening(served);
  const headers = { authorization: 'Bearer viewer@rack1' };
  const ask = async (path: string) => (await served.ask('GET', `/api/v1/${path}`, undefined, headers)).json;
  const pathsOf = (found: { path: string }[]) => [...new Set(found.map(({ path }) => path))].sort();
  const mine = ['rack1', 'rack1/api', 'rack1/web'];
  const stream = await SseClient.open(`${url}/api/v1/events`, { ...SSE, ...headers });
  await stream.saw(({ events }) => events.length >= 3);
  for (const path of ['db', 'rack1/api', 'rack1/web']) node.down(path);
  await stream.saw(({ events }) => events.length >= 5);
  assert.deepEqual(pathsOf(stream.events.map(({ data }) => data)), mine);
  stream.close();
  assert.deepEqual(pathsOf((await ask('events')).events), mine);
  assert.deepEqual(pathsOf((await ask('incidents')).incidents), ['rack1/api', 'rack1/web']);
  assert.deepEqual(pathsOf((await ask('availability')).nodes), ['rack1/api', 'rack1/web']);
  node.clock.pass(1000);
  assert.equal((await ask('availability/db')).code, 'not-found');
  assert.equal((await ask('availability/rack1/web')).failures, 1);
  assert.equal((await served.ask('GET', '/api/v1/events')).status, 401);
});
