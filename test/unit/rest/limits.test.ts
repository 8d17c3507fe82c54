/** How much REST takes, by real HTTP: whoever crosses a limit is told, counted, and the only one it hurts. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { Tally } from '../../../src/core/tally.js';
import { Front } from '../../../src/rest/front.js';
import { Viewers } from '../../../src/rest/viewers.js';
import { Rest } from '../../support/rest.js';
import { until } from '../../support/wait.js';
import { People } from './people.js';
import { serve } from './support.js';

const people = new People();
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

test('requests in a second, of an address: 429 with Retry-After and a code, until time has passed', async t => {
  const limits = new Tally();
  const served = await serve({ rate: 2, limits });
  t.after(() => served.close());
  for (let count = 0; count < 20; count += 1) assert.equal((await served.ask('GET', '/healthz')).status, 200);
  const { status, headers, json } = await served.ask('GET', '/healthz');
  assert.deepEqual([status, json.code, headers['retry-after']], [429, 'slow-down', '1']);
  assert.equal(limits.get('rest_rate'), 1);
  served.clock.pass(500);
  assert.equal((await served.ask('GET', '/healthz')).status, 200);
  assert.equal((await served.ask('GET', '/healthz')).status, 429);
});

test('of a token, wherever it comes from; another one is served', async t => {
  const served = await serve({ rate: 2, authenticator: people });
  t.after(() => served.close());
  let from = 0;
  const ask = async (token: string): Promise<number> => {
    from += 1;
    const answer = await served.app.inject({
      method: 'GET',
      url: '/api/v1/tree',
      remoteAddress: `10.0.0.${from}`,
      ...bearer(token),
    });
    return answer.statusCode;
  };
  for (let count = 0; count < 20; count += 1) assert.equal(await ask('viewer'), 200);
  assert.equal(await ask('viewer'), 429);
  assert.equal(await ask('operator'), 200);
});

test('who is not known is not looked at more often than anybody', async t => {
  const own = new People();
  const served = await serve({ rate: 2, authenticator: own });
  t.after(() => served.close());
  const statuses = await Promise.all(
    Array.from({ length: 50 }, (_, at) =>
      served.ask('GET', '/api/v1/tree', undefined, { authorization: `Bearer guess${at}` }),
    ),
  );
  assert.equal(statuses.filter(({ status }) => status === 401).length, 20);
  assert.equal(own.asked.length, 20);
});

test('a body is refused at the limit and counted; so are headers', async t => {
  const limits = new Tally();
  const served = await serve({ bodyLimit: 1024, limits });
  const crossed: string[] = [];
  const front = new Front(
    async () => served.app,
    () => {},
    { connections: 10, headerBytes: 2048, crossed: limit => crossed.push(limit) },
  );
  await front.listen('127.0.0.1', 0);
  t.after(() => served.close());
  t.after(() => front.close());
  const rest = new Rest(front.origin as string);
  const command = (by: string) => rest.ask('POST', '/api/v1/commands', { path: 'web', op: 'ping', by });
  assert.equal((await command('x'.repeat(900))).status, 202);
  assert.deepEqual([(await command('x'.repeat(1100))).status, limits.get('rest_max_body')], [413, 1]);
  const long = await rest.raw('/healthz', { headers: { x: 'y'.repeat(3000) } });
  assert.deepEqual([long.status, long.body.code, crossed], [400, 'bad-request', ['rest_max_header']]);
  assert.equal(long.headers.get('x-content-type-options'), 'nosniff');
});

test('connections of one address: the rest is for others', async t => {
  const crossed: string[] = [];
  const front = new Front(
    async () => ({ routing: (_, response) => void response.end('x'), close: async () => {} }),
    () => {},
    { connections: 10, headerBytes: 2048, crossed: limit => crossed.push(limit) },
  );
  await front.listen('127.0.0.1', 0);
  t.after(() => front.close());
  const { port } = new URL(front.origin as string);
  const open: Socket[] = [];
  let closed = 0;
  for (let count = 0; count < 8; count += 1) {
    const socket = connect({ port: Number(port), host: '127.0.0.1' });
    socket
      .on('error', () => {})
      .on('close', () => {
        closed += 1;
      });
    open.push(socket);
  }
  t.after(() => {
    for (const socket of open) socket.destroy();
  });
  await until(() => closed === 3, 5000, 'three of eight are closed');
  assert.deepEqual(crossed, Array(3).fill('rest_connections'));
  const other = connect({ port: Number(port), host: '127.0.0.1', localAddress: '127.0.0.2' });
  other.setEncoding('utf8').write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  let answer = '';
  for await (const text of other) answer += text;
  assert.match(answer, /^HTTP\/1\.1 200/);
});

test('followers: of one token two thirds, of all together the setting', async () => {
  let crossed = 0;
  const viewers = new Viewers(6, () => {
    crossed += 1;
  });
  const ends: (() => void)[] = [];
  const open = (who: string | null) =>
    viewers.serve(who, () => new Promise<void>(resolve => ends.push(resolve)));
  const running = [open('ann'), open('ann'), open('ann'), open('ann')];
  await assert.rejects(open('ann'), /at most 4 .* with one token/);
  running.push(open('bob'), open(null));
  await assert.rejects(open(null), /at most 6 logs/);
  await assert.rejects(open('bob'), /at most 6 logs/);
  assert.equal(crossed, 3);
  for (const end of ends) end();
  await Promise.all(running);
});

test('JSON that means harm is taken for what it is', async t => {
  const served = await serve({});
  t.after(() => served.close());
  const send = (body: string) =>
    served.ask('POST', '/api/v1/commands', body, { 'content-type': 'application/json' });
  const start = '{"path":"web","op":"ping","args":';
  const rows: [body: string, status: number][] = [
    [`${start}{"__proto__":{"isAdmin":true}}}`, 400],
    [`${start}{"constructor":{"prototype":{"isAdmin":true}}}}`, 400],
    [`${start}{"n":1e999}}`, 202],
    [`${start}{"n":${'9'.repeat(5000)}}}`, 202],
    ['{"path":"web","op":"ping","expiresAt":1e999}', 400],
    ['{"path":"web","op":"ping","expiresAt":99999999999999999999}', 202],
    ['{"path":"web","op":"ping","pick":-1e999}', 400],
    [`${start}${'{"a":'.repeat(30_000)}1${'}'.repeat(30_000)}}`, 400],
    ['{"path":"web","op":"ping","op":"stop"}', 202],
  ];
  for (const [body, status] of rows) assert.equal((await send(body)).status, status, body.slice(0, 80));
  assert.equal(({} as { isAdmin?: boolean }).isAdmin, undefined);
  assert.deepEqual(served.logged, []);
  assert.equal((await served.ask('GET', '/healthz')).status, 200);
});

test('without authentication a page whose name was turned to this machine gets nothing', async t => {
  const served = await serve({ origins: ['https://dash.example.org'] });
  t.after(() => served.close());
  const rows: [host: string, status: number][] = [
    ['127.0.0.1:8004', 200],
    ['localhost:8004', 200],
    ['[::1]:8004', 200],
    ['canopy.localhost', 200],
    ['box', 200],
    ['dash.example.org', 200],
    ['evil.example:8004', 403],
    ['127.0.0.1.evil.example', 403],
    ['evil.example.', 403],
  ];
  for (const [host, status] of rows)
    assert.equal((await served.ask('GET', '/api/v1/tree', undefined, { host })).status, status, host);
});
