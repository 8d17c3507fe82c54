/** Logins by cookie, by real HTTP: what the cookie is like, when it counts, and what another site's page achieves with it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Sessions, sessionId, setCookie } from '../../../src/rest/sessions.js';
import { type Answer, Rest } from '../../support/rest.js';
import { TestClock } from '../node/support.js';
import { People } from './people.js';
import { type Served, serve } from './support.js';

const people = new People();
const LISTED = 'https://dash.example.org';
const URL_ = '/api/v1/session';
let served: Served;
let rest: Rest;
let own: string;
before(async () => {
  served = await serve({ authenticator: people, origins: [LISTED] });
  await served.front.listen('127.0.0.1', 0);
  own = served.front.origin as string;
  rest = new Rest(own);
});
after(() => served.close());

const login = (token: string, headers = {}): Promise<Answer> =>
  rest.raw(URL_, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ token }),
  });
const cookieOf = ({ headers }: Answer): string => (headers.get('set-cookie') ?? '').split(';')[0] as string;
const withCookie = (
  cookie: string,
  method: string,
  url: string,
  headers = {},
  body?: object,
): Promise<Answer> =>
  rest.raw(url, {
    method,
    headers: { cookie, ...(body && { 'content-type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });

test('a login sets a cookie that no script reads and no other site sends', async () => {
  const answer = await login('viewer@rack1');
  assert.deepEqual(answer.body, { name: 'viewer@rack1', role: 'viewer', under: 'rack1' });
  assert.match(
    answer.headers.get('set-cookie') ?? '',
    /^canopy_session=[\w-]{43}; Path=\/; Max-Age=3600; HttpOnly; SameSite=Strict$/,
  );
  const cookie = cookieOf(answer);
  assert.equal((await withCookie(cookie, 'GET', '/api/v1/nodes')).body.nodes.length, 3);
  assert.deepEqual((await withCookie(`a=b; ${cookie}; c=d`, 'GET', URL_)).body.name, 'viewer@rack1');
  assert.deepEqual(served.noted.at(-1)?.op, 'login');
});

test('under TLS it is sent under TLS alone, and taken by its own name', () => {
  assert.equal(
    setCookie('x', true, 60),
    '__Host-canopy_session=x; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure',
  );
  const id = 'a'.repeat(43);
  assert.equal(sessionId(`__Host-canopy_session=${id}`, true), id);
  assert.equal(sessionId(`canopy_session=${id}`, true), null);
  assert.equal(sessionId(`xcanopy_session=${id}; canopy_session=${id}!`, false), null);
});

test('a wrong token gets none, and is noted without it', async () => {
  const answer = await login('wrong-token-text');
  assert.deepEqual(
    [answer.status, answer.body.code, answer.headers.get('set-cookie')],
    [401, 'bad-credentials', null],
  );
  assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/);
  assert.deepEqual([served.noted.at(-1)?.op, served.noted.at(-1)?.outcome], ['login', 'refused']);
  assert.equal(JSON.stringify(served.noted).includes('wrong-token-text'), false);
});

test('what changes something needs the Origin of a page of ours, or one that is listed', async () => {
  const cookie = cookieOf(await login('admin'));
  const rows: [headers: Record<string, string>, isTaken: boolean][] = [
    [{}, false],
    [{ origin: 'null' }, false],
    [{ origin: 'https://evil.example' }, false],
    [{ origin: `${own}.evil.example` }, false],
    [{ origin: own.replace('http', 'https') }, false],
    [{ origin: 'http://127.0.0.1' }, false],
    [{ 'sec-fetch-site': 'cross-site' }, false],
    [{ 'sec-fetch-site': 'same-site' }, false],
    [{ origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }, false],
    [{ origin: own }, true],
    [{ origin: LISTED }, true],
    [{ 'sec-fetch-site': 'same-origin' }, true],
  ];
  for (const [headers, isTaken] of rows) {
    const command = { path: 'web', op: 'ping' };
    const sent = await withCookie(cookie, 'POST', '/api/v1/commands', headers, command);
    const gone = await withCookie(cookie, 'DELETE', '/api/v1/nodes/nobody', headers);
    const wanted = isTaken ? [202, 404] : [403, 403];
    assert.deepEqual([sent.status, gone.status], wanted, JSON.stringify(headers));
    if (!isTaken) assert.equal(sent.body.code, 'cross-site');
    assert.equal((await withCookie(cookie, 'GET', '/api/v1/tree', headers)).status, 200);
  }
  assert.ok(served.noted.some(({ by, code }) => by === 'admin' && code === 'cross-site'));
});

test('a bearer is no cookie: it needs no Origin; and who shows both is asked about the bearer', async () => {
  const cookie = cookieOf(await login('admin'));
  const authorization = 'Bearer viewer';
  const command = { path: 'web', op: 'ping' };
  const headers = { authorization, origin: 'https://evil.example' };
  assert.equal((await withCookie(cookie, 'POST', '/api/v1/commands', headers, command)).status, 403);
  assert.equal((await withCookie(cookie, 'GET', URL_, headers)).body.name, 'viewer');
  const operator = { authorization: 'Bearer operator' };
  assert.equal((await withCookie(cookie, 'POST', '/api/v1/commands', operator, command)).status, 202);
});

test('no page of another site logs its visitor in as somebody else', async () => {
  assert.equal((await login('viewer', { origin: 'https://evil.example' })).status, 403);
  const form = await rest.raw(URL_, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: '{"token":"viewer"}',
  });
  assert.equal(form.status, 415);
  assert.equal((await login('viewer', { origin: own })).status, 200);
});

test('it ends by DELETE, and with its token', async () => {
  const [first, second] = [cookieOf(await login('operator')), cookieOf(await login('operator'))];
  const ended = await withCookie(first, 'DELETE', URL_, { origin: own });
  assert.equal(ended.status, 204);
  assert.match(ended.headers.get('set-cookie') ?? '', /^canopy_session=; .*Max-Age=0/);
  assert.equal((await withCookie(first, 'GET', URL_)).status, 401);
  assert.equal((await withCookie(second, 'GET', URL_)).status, 200);
  people.denied.set('operator', 'revoked');
  const revoked = await withCookie(second, 'GET', URL_);
  people.denied.delete('operator');
  assert.deepEqual([revoked.status, revoked.body.code], [401, 'revoked']);
});

test('they end in time, are bounded in number, and keep no token that could be read', () => {
  const clock = new TestClock();
  const sessions = new Sessions(1000, clock);
  const ids = Array.from({ length: 25 }, () => sessions.begin('ann', 'cnpy_planted'));
  assert.deepEqual(
    ids.map(id => sessions.tokenOf(id)),
    [...Array(5).fill(null), ...Array(20).fill('cnpy_planted')],
  );
  for (let count = 0; count < 3000; count += 1) sessions.begin(`n${count}`, 'x');
  assert.equal(sessions.size, 1000);
  const id = sessions.begin('bob', 'cnpy_planted');
  const kept = [...(sessions as unknown as { open: Map<string, unknown> }).open]
    .map(each => JSON.stringify(each))
    .join('');
  const bytes = JSON.stringify(Buffer.from('cnpy_planted').toJSON().data).slice(1, -1);
  assert.ok(!kept.includes('cnpy_planted') && !kept.includes(bytes) && !kept.includes(id));
  clock.pass(999);
  assert.equal(sessions.tokenOf(id), 'cnpy_planted');
  clock.pass(1);
  assert.equal(sessions.tokenOf(id), null);
  assert.equal(sessions.tokenOf('x'.repeat(43)), null);
});

test('CORS is closed but for what is listed', async () => {
  const ask = (method: string, origin: string, url = '/api/v1/tree') =>
    rest.raw(url, {
      method,
      headers: { origin, authorization: 'Bearer viewer', 'access-control-request-method': 'POST' },
    });
  const names = (answer: Answer): string[] =>
    [...answer.headers.keys()].filter(name => name.startsWith('access-control-'));
  for (const method of ['GET', 'OPTIONS'])
    assert.deepEqual(names(await ask(method, 'https://evil.example')), []);
  const listed = await ask('GET', LISTED);
  assert.deepEqual(
    [listed.headers.get('access-control-allow-origin'), listed.headers.get('vary')],
    [LISTED, 'origin'],
  );
  const before = await rest.raw('/api/v1/commands', { method: 'OPTIONS', headers: { origin: LISTED } });
  assert.equal(before.status, 204);
  assert.match(before.headers.get('access-control-allow-headers') ?? '', /authorization/);
  assert.match(before.headers.get('access-control-allow-methods') ?? '', /DELETE/);
});

test('every answer says that it is no page, for no frame, and not to be kept', async () => {
  const answers = [
    await rest.get('/healthz'),
    await rest.get('/api/v1/tree'),
    await rest.get('/nothing'),
    await rest.get('/%zz'),
    await rest.raw('/api/v1/tree', { headers: { authorization: 'Bearer viewer' } }),
  ];
  for (const { headers } of answers) {
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'; frame-ancestors 'none'/);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('strict-transport-security'), null);
  }
});
