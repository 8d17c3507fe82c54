import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { resultOf } from '../tree/support.js';
import { REMEMBERED, type Served, serve } from './support.js';

let rest: Served;
before(async () => {
  rest = await serve();
});
after(() => rest.close());

const COMMANDS = '/api/v1/commands';

test('the node itself', async () => {
  assert.deepEqual((await rest.ask('GET', '/healthz')).json, { status: 'ok' });
  assert.deepEqual((await rest.ask('GET', '/readyz')).json, { status: 'ready', uplink: null });
});

test('a relay says how its uplink is, and is ready without it', async t => {
  for (const [uplink, status, word] of [
    ['lost', 200, 'ready'],
    ['connecting', 503, 'starting'],
  ] as const) {
    const relay = await serve({ uplink });
    t.after(() => relay.close());
    const answer = await relay.ask('GET', '/readyz');
    assert.deepEqual([answer.status, answer.json], [status, { status: word, uplink }]);
  }
});

test('nodes and tree are what the views say', async () => {
  const { json } = await rest.ask('GET', '/api/v1/nodes?kind=leaf&limit=2');
  assert.deepEqual(
    json.nodes.map((node: { path: string }) => node.path),
    ['cut/db', 'rack1/api'],
  );
  const next = await rest.ask('GET', `/api/v1/nodes?kind=leaf&limit=2&cursor=${json.nextCursor}`);
  assert.deepEqual([next.json.nodes.length, next.json.nextCursor], [2, null]);
  const one = await rest.ask('GET', '/api/v1/nodes/rack1/api');
  assert.deepEqual([one.json.exitCode, one.json.status, one.json.children], [3, 'down', []]);
  assert.equal((await rest.ask('GET', '/api/v1/nodes/web')).json.heartbeat.seq, 4);
  const tree = await rest.ask('GET', '/api/v1/tree');
  assert.deepEqual([tree.json.name, tree.json.children.length], ['root', 3]);
});

test('a node that is gone is forgotten, without a body', async () => {
  const answer = await rest.ask('DELETE', '/api/v1/nodes/cut/db');
  assert.deepEqual([answer.status, answer.json], [204, '']);
  assert.deepEqual(rest.forgotten, ['cut/db']);
});

test('a command is taken with 202 and a place to ask; there it has its result', async () => {
  const sent = await rest.ask('POST', COMMANDS, { path: 'web', op: 'restart', id: 'a/b ?' });
  assert.deepEqual(
    [sent.status, sent.json.status, sent.json.path, sent.json.done],
    [202, 'accepted', 'web', false],
  );
  const location = String(sent.headers.location);
  assert.equal(location, '/api/v1/commands/a%2Fb%20%3F');
  const [command] = await rest.place.said('cmd');
  assert.deepEqual([command?.path, command?.value.op, command?.value.by], ['web', 'restart', 'rest']);
  rest.desk.result('web', resultOf({ id: 'a/b ?' }));
  const { status, json } = await rest.ask('GET', location);
  assert.deepEqual([status, json.status, json.done], [200, 'succeeded', true]);
});

test('with wait the answer is the final result', async () => {
  await rest.place.link.subscribe(['canopy/web/cmd'], ({ payload }) => {
    const { id } = JSON.parse(payload.toString());
    if (id === 'w') rest.desk.result('web', resultOf({ id, data: { pid: 7 } }));
  });
  const { status, json } = await rest.ask('POST', `${COMMANDS}?wait=5`, {
    path: 'web',
    op: 'restart',
    id: 'w',
  });
  assert.deepEqual([status, json.status, json.data], [200, 'succeeded', { pid: 7 }]);
  const late = await rest.ask('POST', `${COMMANDS}?wait=0.01`, { path: 'web', op: 'restart', id: 'late' });
  assert.equal(late.status, 202);
});

test('what became of a command that an earlier process was given', async () => {
  const { status, json } = await rest.ask('GET', `${COMMANDS}/remembered`);
  assert.deepEqual([status, json], [200, REMEMBERED]);
  assert.equal((await rest.ask('GET', `${COMMANDS}/nobody`)).status, 404);
});

test('the description lists every route', async () => {
  const { json } = await rest.ask('GET', '/openapi.json');
  assert.equal(json.openapi, '3.1.0');
  assert.match(json.paths[COMMANDS].post.responses[200].description, /rejected or failed .* `status`/);
  assert.equal(json.info.version, '1.2.3');
  for (const path of ['/healthz', '/readyz', '/api/v1/tree', '/api/v1/nodes', COMMANDS])
    assert.ok(json.paths[path], path);
});
