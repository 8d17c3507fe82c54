import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Compile } from 'typebox/compile';
import { NodeDetailSchema, NodeSchema, Views } from '../../../src/rest/views.js';
import { at, state, taken } from '../core/support.js';
import { registryOf } from './support.js';

const views = () => new Views(registryOf(), 'root');

test('a node has the fields of the contract, and the schema says so', () => {
  const web = views()
    .list()
    .find(({ path }) => path === 'web');
  assert.deepEqual(web, {
    path: 'web',
    name: 'web',
    kind: 'leaf',
    app: 'web',
    status: 'up',
    cause: null,
    link: 'online',
    phase: 'running',
    health: 'passing',
    reason: 'started',
    pid: 41,
    exitCode: null,
    signal: null,
    since: at(3).now,
    lastSeenAt: at(4).now,
    blockedBy: null,
    broken: null,
    late: false,
    flapping: false,
    skewMs: null,
    warnings: [],
    epoch: 10,
    desired: null,
    labels: {},
    insecure: false,
    maintenance: null,
  });
  const [node, detail] = [Compile(NodeSchema), Compile(NodeDetailSchema)];
  for (const view of views().list()) {
    assert.ok(node.Check(view), view.path);
    assert.ok(detail.Check(views().detail(view.path)), view.path);
  }
});

test('what is behind a lost hop says which, and keeps its last known facts', () => {
  const [cut, db] = ['cut', 'cut/db'].map(path => views().detail(path));
  assert.deepEqual([cut?.status, cut?.cause, cut?.link, cut?.since], ['down', 'timeout', 'lost', at(9).now]);
  assert.deepEqual(
    [db?.status, db?.blockedBy, db?.phase, db?.pid, db?.since],
    ['unreachable', 'cut', 'running', 41, at(9).now],
  );
});

test('one node comes with its newest heartbeat and its children, null before the first', () => {
  assert.equal((views().detail('web')?.heartbeat as { seq: number } | null)?.seq, 4);
  assert.equal(views().detail('rack1')?.heartbeat, null);
  assert.deepEqual(views().detail('rack1')?.children, ['api', 'web']);
  assert.deepEqual(views().detail('')?.children, ['cut', 'rack1', 'web']);
  assert.equal(views().detail('nowhere'), null);
});

test('the tree is the list, nested, the node that answers on top under its own name', () => {
  const tree = views().tree();
  assert.deepEqual([tree?.path, tree?.name, tree?.kind], ['', 'root', 'root']);
  type Nested = NonNullable<typeof tree>;
  const flat = (node: Nested): string[] => [node.path, ...node.children.flatMap(flat)];
  assert.deepEqual(
    flat(tree as Nested),
    views()
      .list()
      .map(({ path }) => path),
  );
});

test('a plain MQTT bridge that stands in for a relay is shown as one', () => {
  const registry = registryOf();
  taken(registry, 'mosquitto/leaf', state(), 5);
  const stand = new Views(registry, 'root').detail('mosquitto');
  assert.deepEqual(
    [stand?.kind, stand?.status, stand?.epoch, stand?.lastSeenAt],
    ['relay', 'unknown', null, null],
  );
});
