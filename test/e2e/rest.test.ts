/** REST as the contract describes it: shapes, filters, pages, health, description. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type DeepTree, deepTree, startLeaf } from '../support/nodes.js';
import type { NodeView } from '../support/rest.js';
import { Sandbox } from '../support/sandbox.js';
import { CRASHING, lives, STEADY } from '../support/targets.js';

const FIELDS = 'path name kind app status link phase health since lastSeenAt blockedBy epoch'.split(' ');
const ALL = ['', 'edge', 'rack1', 'rack1/crashing', 'rack1/rack2', 'rack1/rack2/api1', 'rack1/rack2/api2'];

describe('REST', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  const box = new Sandbox({ after });
  let tree: DeepTree;
  before(async () => {
    tree = await deepTree(box);
    const crashing = { name: 'crashing', target: CRASHING, backoff_min: 60, backoff_max: 60 };
    await Promise.all([
      startLeaf(box, tree.root, { name: 'edge', app_name: 'The Web Shop', target: STEADY }),
      startLeaf(box, tree.rack1, crashing),
      tree.leaf({ name: 'api1', app_name: 'api', target: STEADY }),
      tree.leaf({ name: 'api2', app_name: 'api', target: STEADY }),
    ]);
    await tree.rest.expect('edge', node => node.status === 'up' && node.heartbeat !== null);
    await tree.rest.expect('rack1/crashing', { status: 'down', phase: 'backoff' });
  });

  const pathsOf = (nodes: readonly NodeView[]) => nodes.map(({ path }) => path);

  it('/tree nests every node below the one that answers', async () => {
    const { status, type, body } = await tree.rest.get('/api/v1/tree');
    assert.equal(status, 200);
    assert.match(type, /^application\/json/);
    const flat = (node: NodeView & { children: never[] }): NodeView[] => [
      node,
      ...node.children.flatMap(flat),
    ];
    const nodes = flat(body);
    assert.deepEqual(pathsOf(nodes).toSorted(), ALL);
    for (const node of nodes)
      assert.deepEqual(
        FIELDS.filter(field => !(field in node)),
        [],
        node.path,
      );
    assert.deepEqual([body.name, body.kind, body.status], ['root', 'root', 'up']);
    const rack2 = body.children.find((node: NodeView) => node.name === 'rack1').children.at(-1);
    assert.deepEqual([rack2.path, rack2.kind, pathsOf(rack2.children).length], ['rack1/rack2', 'relay', 2]);
  });

  it('/nodes is flat, and takes filters', async () => {
    const rows: [query: string, paths: string[]][] = [
      ['', ALL],
      ['?kind=leaf', ALL.filter(path => !['', 'rack1', 'rack1/rack2'].includes(path))],
      ['?kind=relay', ['rack1', 'rack1/rack2']],
      ['?status=down', ['rack1/crashing']],
      ['?app=api', ['rack1/rack2/api1', 'rack1/rack2/api2']],
      [`?app=${encodeURIComponent('The Web Shop')}`, ['edge']],
      ['?under=rack1/rack2', ['rack1/rack2', 'rack1/rack2/api1', 'rack1/rack2/api2']],
      ['?under=rack', []],
      ['?under=rack1&status=up&kind=leaf', ['rack1/rack2/api1', 'rack1/rack2/api2']],
      ['?app=nobody', []],
    ];
    for (const [query, paths] of rows) {
      const { status, body } = await tree.rest.get(`/api/v1/nodes${query}`);
      assert.deepEqual([status, pathsOf(body.nodes), body.nextCursor], [200, paths, null], query);
    }
  });

  it('/nodes says what is wrong with a filter', async () => {
    const rows: [query: string, code: string, says: RegExp][] = [
      ['?status=fine', 'bad-request', /status/],
      ['?kind=king', 'bad-request', /kind/],
      ['?limit=0', 'bad-request', /limit/],
      ['?limit=x', 'bad-request', /limit/],
      ['?nonsense=1', 'bad-request', /nonsense/],
      ['?cursor=%25', 'bad-request', /cursor/],
      ['?under=a//b', 'bad-path', /not a name/],
    ];
    for (const [query, code, says] of rows) {
      const { status, type, body } = await tree.rest.get(`/api/v1/nodes${query}`);
      assert.deepEqual([status, body.code], [400, code], query);
      assert.match(type, /^application\/problem\+json/);
      assert.match(body.detail, says);
    }
  });

  it('/nodes comes in pages, each node once', async () => {
    const seen: string[] = [];
    let cursor: string | null = null;
    let pages = 0;
    do {
      const { body } = await tree.rest.get(`/api/v1/nodes?limit=3${cursor ? `&cursor=${cursor}` : ''}`);
      assert.ok(body.nodes.length <= 3);
      seen.push(...pathsOf(body.nodes));
      cursor = body.nextCursor;
      pages += 1;
    } while (cursor !== null);
    assert.deepEqual([seen, pages], [ALL, 3]);
  });

  it('/nodes/<path> has the newest heartbeat and the names of the children', async () => {
    const leaf = await tree.rest.node('edge');
    assert.deepEqual(
      [leaf.name, leaf.app, leaf.kind, leaf.link, leaf.phase, leaf.health, leaf.children],
      ['edge', 'The Web Shop', 'leaf', 'online', 'running', 'passing', []],
    );
    const beat = leaf.heartbeat as Record<string, number>;
    assert.deepEqual([beat.v, beat.interval, beat.pid, beat.epoch], [1, 0.3, leaf.pid, leaf.epoch]);
    assert.ok(lives(leaf.pid as number) && (beat.cpu as number) >= 0);
    await tree.rest.expect('edge', node => (node.heartbeat?.rss as number) > 100_000, 1000);
    assert.ok(Math.abs(Date.now() - (leaf.lastSeenAt as number)) < 2000 && leaf.since <= Date.now());
    await tree.rest.expect('edge', node => (node.heartbeat?.seq as number) > (beat.seq as number), 1000);

    const relay = await tree.rest.expect(
      'rack1',
      // The crashing one is `starting` for a moment at each of its restarts.
      ({ heartbeat }) => {
        const { up, down } = (heartbeat?.leaves ?? {}) as Record<string, number>;
        return up === 2 && down === 1;
      },
    );
    assert.deepEqual(relay.children.toSorted(), ['crashing', 'rack2']);
    assert.deepEqual(relay.heartbeat?.leaves, {
      up: 2,
      degraded: 0,
      down: 1,
      unreachable: 0,
      stopped: 0,
      unknown: 0,
    });
    assert.deepEqual([relay.app, relay.phase, relay.pid], [null, null, null]);
    const root = await tree.rest.get('/api/v1/nodes/');
    assert.deepEqual([root.status, root.body.path ?? root.body.nodes?.[0].path], [200, '']);
    const nobody = await tree.rest.get('/api/v1/nodes/rack1/nobody');
    assert.deepEqual([nobody.status, nobody.body.code], [404, 'not-found']);
  });

  it('/healthz and /readyz say how the node itself is', async () => {
    const [alive, ready] = await Promise.all([tree.rest.get('/healthz'), tree.rest.get('/readyz')]);
    assert.deepEqual([alive.status, alive.body.status], [200, 'ok']);
    assert.deepEqual([ready.status, ready.body], [200, { status: 'ready', uplink: null }]);
  });

  it('/openapi.json describes every route', async () => {
    const { status, type, body } = await tree.rest.get('/openapi.json');
    assert.equal(status, 200);
    assert.match(type, /^application\/json/);
    assert.match(body.openapi, /^3\./);
    const routes = Object.entries<object>(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(method => `${method.toUpperCase()} ${path}`),
    );
    for (const wanted of [
      /^GET \/healthz$/,
      /^GET \/readyz$/,
      /^GET \/api\/v1\/tree$/,
      /^GET \/api\/v1\/nodes$/,
      /^GET \/api\/v1\/nodes\/\S+$/,
      /^DELETE \/api\/v1\/nodes\/\S+$/,
      /^POST \/api\/v1\/commands$/,
      /^GET \/api\/v1\/commands\/\{id\}$/,
    ])
      assert.ok(
        routes.some(route => wanted.test(route)),
        `${wanted} among ${routes}`,
      );
    const references = JSON.stringify(body).match(/"\$ref":"#[^"]+"/g) ?? [];
    for (const reference of new Set(references)) {
      const steps = reference.slice('"$ref":"#/'.length, -1).split('/');
      assert.ok(
        steps.reduce((at, step) => at?.[step], body),
        `${reference} leads somewhere`,
      );
    }
  });
});
