/** Who may do what by REST: every route, role and subtree, against a rule written anew here. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fastify from 'fastify';
import type { PersonRole } from '../../../src/core/principal.js';
import { type GuardPorts, useGuard } from '../../../src/rest/guard.js';
import { NEEDS } from '../../../src/rest/needs.js';
import { People, tokenOf } from './people.js';
import { type Answer, type Served, serve } from './support.js';

const people = new People();
let rest: Served;
before(async () => {
  rest = await serve({ authenticator: people });
});
after(() => rest.close());

const as = (token: string, method: string, url: string, body?: unknown): Promise<Answer> =>
  rest.ask(method, url, body, { authorization: `Bearer ${token}` });

/** One request of each route that is about a path, and the least role for it. */
const ROUTES: [least: PersonRole, request: (path: string) => Parameters<Served['ask']>][] = [
  ['viewer', path => ['GET', `/api/v1/nodes/${path}`]],
  ['viewer', path => ['HEAD', `/api/v1/nodes/${path}`]],
  ['viewer', path => ['GET', `/api/v1/logs/${path}`]],
  ['viewer', path => ['GET', `/api/v1/orders?path=${path}`]],
  ['operator', path => ['POST', '/api/v1/commands', { path, op: 'restart' }]],
  ['operator', path => ['POST', '/api/v1/commands', { path, op: 'stop', select: { all: true } }]],
  ['operator', path => ['DELETE', `/api/v1/orders/web?path=${path}`]],
  ['admin', path => ['POST', '/api/v1/commands', { path, op: 'forget', args: { path: 'x' } }]],
  ['admin', path => ['DELETE', `/api/v1/nodes/${path}`]],
];
/** Known to the registry or not: nothing may depend on it where it is not the caller's to see. */
const PATHS = ['', 'rack1', 'rack1/web', 'rack1/web/x', 'rack1/nobody', 'rack10', 'web', 'cut/db', 'nobody'];
const ROLES: PersonRole[] = ['viewer', 'operator', 'admin'];
const TOPS = ['', 'rack1', 'rack1/web'];

const within = (path: string, top: string): boolean => `${path}/`.startsWith(top && `${top}/`);

for (const role of ROLES)
  for (const under of TOPS)
    test(`${role} under "${under}"`, async () => {
      for (const [least, request] of ROUTES)
        for (const path of PATHS) {
          // A node that is asked for its orders and never answers would take five seconds.
          const [method, url, body] = request(path);
          const mayBe = within(path, under) && ROLES.indexOf(role) >= ROLES.indexOf(least);
          if (mayBe && url.includes('/orders')) continue;
          const { status, json } = await as(tokenOf(role, under), method, url, body);
          const code = json.code ?? '';
          const what = `${method} ${url} ${JSON.stringify(body)}: ${status} ${code}`;
          if (mayBe) assert.ok(![401, 403].includes(status), what);
          else if (within(path, under) || within(under, path)) assert.equal(status, 403, what);
          else assert.equal(status, 404, what);
        }
    });

test('beside its subtree a node that is there is answered as one that is not', async () => {
  for (const [, request] of ROUTES) {
    const answers = await Promise.all(
      ['web', 'nope'].map(path => as('admin@rack1', ...(request(path) as [string, string, unknown]))),
    );
    const texts = answers.map(({ status, json }) => `${status} ${JSON.stringify(json)}`);
    assert.equal(
      texts[0]?.replaceAll('web', 'nope').replaceAll('orders/nope', 'orders/web'),
      texts[1]?.replaceAll('orders/nope', 'orders/web'),
    );
  }
});

test('lists are narrowed to the subtree, whatever is asked for', async () => {
  const rows: [url: string, paths: string[]][] = [
    ['/api/v1/nodes', ['rack1', 'rack1/api', 'rack1/web']],
    ['/api/v1/nodes?under=', ['rack1', 'rack1/api', 'rack1/web']],
    ['/api/v1/nodes?under=cut', []],
    ['/api/v1/nodes?kind=leaf&limit=1', ['rack1/api']],
  ];
  for (const [url, paths] of rows) {
    const { json } = await as('viewer@rack1', 'GET', url);
    assert.deepEqual(
      json.nodes.map((node: { path: string }) => node.path),
      paths,
      url,
    );
  }
  const tree = await as('viewer@rack1', 'GET', '/api/v1/tree');
  assert.deepEqual([tree.json.path, tree.json.children.length], ['rack1', 2]);
  assert.equal(JSON.stringify(tree.json).includes('cut'), false);
});

test('a command carries the name of its token, whatever it says, and is noted as that', async () => {
  await as('operator@rack1', 'POST', '/api/v1/commands', {
    path: 'rack1/web',
    op: 'ping',
    id: 'n1',
    by: 'root',
  });
  const command = (await rest.place.said('cmd')).find(({ value }) => value.id === 'n1');
  assert.equal(command?.value.by, 'operator@rack1');
  assert.ok(rest.sent.includes('n1 127.0.0.1'));
});

test('what became of a command is told to who may see where it went, and its id gives nothing away', async () => {
  await as('operator', 'POST', '/api/v1/commands', { path: 'web', op: 'ping', id: 'secret-op' });
  const url = '/api/v1/commands/secret-op';
  assert.equal((await as('viewer', 'GET', url)).status, 200);
  const [hidden, none] = [
    await as('admin@rack1', 'GET', url),
    await as('admin@rack1', 'GET', '/api/v1/commands/secret-no'),
  ];
  assert.deepEqual([hidden.status, none.status], [404, 404]);
  assert.equal(hidden.json.detail.replace('secret-op', 'secret-no'), none.json.detail);
  const taken = await as('operator@rack1', 'POST', '/api/v1/commands', {
    path: 'rack1/web',
    op: 'x',
    id: 'secret-op',
  });
  assert.deepEqual([taken.status, taken.json.code], [409, 'id-in-use']);
  assert.doesNotMatch(taken.json.detail, /ping|"web"/);
});

test('without a token: a challenge, on every route but those that are open, and on what is no route', async () => {
  const open = Object.entries(NEEDS).filter(([, { need }]) => need === 'nothing');
  assert.deepEqual(
    open.map(([route]) => route),
    ['GET /healthz', 'GET /readyz', 'GET /openapi.json', 'POST /api/v1/session'],
  );
  const closed = Object.keys(NEEDS).filter(route => NEEDS[route]?.need !== 'nothing');
  for (const route of [...closed, 'GET /nothing', 'PUT /api/v1/nodes']) {
    const [method = '', url = ''] = route.split(' ');
    const { status, headers, json } = await rest.ask(method, url.replace('*', 'web').replace(/:\w+/, 'x'));
    assert.deepEqual(
      [status, json.code, headers['www-authenticate']],
      [401, 'unauthenticated', 'Bearer realm="canopy"'],
      route,
    );
  }
  for (const [route] of open.slice(0, 3))
    assert.equal((await rest.ask('GET', route.split(' ')[1] as string)).status, 200, route);
});

test('what is shown and is wrong is told apart, and noted', async () => {
  people.denied.set('old', 'expired-credentials').set('taken', 'revoked').set('many', 'slow-down');
  const rows: [authorization: string, status: number, code: string][] = [
    ['Bearer nonsense', 401, 'bad-credentials'],
    ['bearer old', 401, 'expired-credentials'],
    ['Bearer taken', 401, 'revoked'],
    ['Bearer many', 429, 'slow-down'],
    ['Basic dmlld2VyOg==', 401, 'unauthenticated'],
    ['Bearer', 401, 'unauthenticated'],
    [`Bearer ${'x'.repeat(600)}`, 401, 'unauthenticated'],
    ['Bearer a b', 401, 'unauthenticated'],
  ];
  for (const [authorization, status, code] of rows) {
    const { headers, ...answer } = await rest.ask('GET', '/api/v1/tree', undefined, { authorization });
    assert.deepEqual([answer.status, answer.json.code], [status, code], authorization.slice(0, 40));
    if (status === 429) assert.equal(headers['retry-after'], '10');
    else assert.match(String(headers['www-authenticate']), /^Bearer .*error="invalid_token"/);
  }
  const codes = rest.noted.filter(({ op }) => op === 'request').map(({ code }) => code);
  for (const code of ['bad-credentials', 'expired-credentials', 'revoked', 'slow-down'])
    assert.ok(codes.includes(code), code);
  assert.equal(JSON.stringify(rest.noted).includes('nonsense'), false);
});

test('nodes and joining children have no business here', async () => {
  people.known.set('node', { kind: 'node', name: 'rack1', is: 'relay' });
  people.known.set('joining', { kind: 'joining', name: 'rack1' });
  for (const token of ['node', 'joining']) {
    const { status, json } = await as(token, 'GET', '/api/v1/tree');
    assert.deepEqual([status, json.code], [401, 'bad-credentials']);
  }
});

test('a refusal is noted: who, where, what', async () => {
  await as('viewer@rack1', 'POST', '/api/v1/commands', { path: 'rack1/web', op: 'stop' });
  assert.deepEqual(rest.noted.at(-1), {
    by: 'viewer@rack1',
    address: '127.0.0.1',
    via: 'rest',
    path: 'rack1/web',
    op: 'stop',
    outcome: 'refused',
    code: 'not-authorized',
  });
});

test('a route that the table does not have is not served', async () => {
  const app = fastify();
  useGuard(app, { rate: 1 } as GuardPorts);
  app.get('/healthz', async () => 'x');
  assert.throws(() => app.get('/api/v1/new', async () => 'x'), /nothing says what GET \/api\/v1\/new needs/);
  assert.throws(() => app.put('/healthz', async () => 'x'), /nothing says what PUT \/healthz needs/);
});

test('the description has both ways to show oneself, and none where none is needed', async () => {
  const { json } = await rest.ask('GET', '/openapi.json');
  assert.deepEqual(Object.keys(json.components.securitySchemes), ['bearer', 'session']);
  assert.deepEqual(json.security, [{ bearer: [] }, { session: [] }]);
  assert.deepEqual(json.paths['/healthz'].get.security, []);
  assert.deepEqual(json.paths['/api/v1/session'].post.security, []);
  assert.equal(json.paths['/api/v1/tree'].get.security, undefined);
});
