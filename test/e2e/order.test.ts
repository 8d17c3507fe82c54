/** Leaves of one process that need each other: who is started first, who waits and says so, who is stopped last. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { canopy, type HostedTree, hostTree, type Ports } from '../support/cli.js';
import { freePort } from '../support/mosquitto.js';
import type { LogLine } from '../support/nodes.js';
import { Sandbox } from '../support/sandbox.js';
import { STEADY } from '../support/targets.js';

const skip = process.platform !== 'linux' && 'needs /proc';
const SERVICE = join(process.cwd(), 'test/fixtures/programs/service.js');

const treeOf = (db: number) => (ports: Ports) =>
  `
defaults: { hb_interval: 0.3, timeout: 1.5 }
name: root
port: ${ports.root}
rest_port: ${ports.rest}
children:
  - { name: web, target: ${STEADY}, needs: [cache, rack1/db] }
  - { name: cache, target: ${STEADY}, needs: rack1/db }
  - { name: stuck, target: ${STEADY}, needs: never }
  - { name: never, target: ${STEADY}, readiness_probe: 'exec: false' }
  - name: rack1
    port: ${ports.relay}
    children:
      - name: db
        target: node ${SERVICE} ${db} 3000
        readiness_probe: http://127.0.0.1:${db}/ready
`;

describe('needs', { skip }, () => {
  const box = new Sandbox({ after });
  let tree: HostedTree;
  /** When a target came to a phase, by the process's own log. */
  const moves = (node: string, to: string): LogLine[] =>
    tree.log.filter(line => line.node === node && line.msg === 'target' && line.to === to);

  it('a leaf is started when those it needs are ready; meanwhile it says whom it waits for', async () => {
    tree = await hostTree(box, 'tree.yaml', treeOf(await freePort()));
    const waiting = await tree.rest.expect('web', node => /^waiting for/.test(node.reason ?? ''));
    assert.deepEqual([waiting.phase, waiting.health, waiting.pid], ['stopped', 'unknown', null]);
    assert.match(waiting.reason ?? '', /^waiting for (cache, )?rack1\/db$/);
    await tree.rest.expect('web', { status: 'up', reason: 'start by canopy' });
    const ready = tree.log.find(
      line => line.node === 'rack1/db' && line.msg === 'health' && line.to === 'passing',
    );
    const [cache, web] = [moves('cache', 'starting')[0], moves('web', 'starting')[0]];
    assert.ok(ready && cache && web && ready.time <= cache.time && cache.time <= web.time);
    assert.ok(tree.log.some(line => line.node === 'web' && line.msg === 'waiting for cache, rack1/db'));
  });

  it('one that waits for what never gets ready keeps nobody else; an operator need not wait', async () => {
    const blocked = await tree.rest.expect('stuck', { reason: 'waiting for never' });
    assert.equal(blocked.phase, 'stopped');
    await tree.rest.expect('never', { phase: 'running', health: 'unknown', status: 'degraded' });
    const stopped = await tree.rest.command('stuck', 'stop');
    assert.equal(stopped.body.status, 'succeeded', JSON.stringify(stopped.body));
    await tree.rest.expect('stuck', node => node.reason !== 'waiting for never' && node.phase === 'stopped');
    const { body } = await tree.rest.command('stuck', 'start');
    assert.equal(body.status, 'succeeded', JSON.stringify(body));
    await tree.rest.expect('stuck', { status: 'up', reason: 'start by rest' });
  });

  it('a later restart of what is needed restarts nobody else', async () => {
    const { pid } = await tree.rest.node('web');
    const { body } = await tree.rest.command('rack1/db', 'restart');
    assert.equal(body.status, 'succeeded', JSON.stringify(body));
    await tree.rest.expect('rack1/db', { status: 'up' });
    assert.equal((await tree.rest.node('web')).pid, pid);
    assert.equal(moves('web', 'starting').length, 1);
  });

  it('it is stopped before those that it needs', async () => {
    tree.signal('SIGTERM');
    assert.equal((await tree.end()).code, 0);
    const time = (node: string, to: string): number => moves(node, to).at(-1)?.time ?? Number.NaN;
    assert.ok(time('web', 'stopped') <= time('cache', 'stopping'));
    assert.ok(time('cache', 'stopped') <= time('rack1/db', 'stopping'));
    assert.ok(time('never', 'stopping') <= time('web', 'stopped') + 500, 'who needs nobody does not wait');
  });

  it('a leaf that is alone in its process cannot need another', async () => {
    const variables = { CANOPY_ROLE: 'leaf', CANOPY_NAME: 'web', CANOPY_TARGET: STEADY, CANOPY_NEEDS: 'db' };
    const { code, stderr } = await canopy(box, ['run'], variables);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /CANOPY_NEEDS .*expected it in a tree file, among leaves of one process, found "db"/,
    );
  });
});

it('a leaf whose target cannot be run here is in the tree, and down for it until it can', {
  skip,
}, async t => {
  const box = new Sandbox({ after: end => t.after(end) });
  const cwd = box.path('later');
  const tree = await hostTree(
    box,
    'tree.yaml',
    ports => `
name: root
port: ${ports.root}
rest_port: ${ports.rest}
children:
  - { name: lost, target: ${STEADY}, cwd: ${cwd}, backoff_min: 0.1, backoff_max: 0.1 }
  - { name: web, target: ${STEADY} }
`,
  );
  await tree.rest.expect('web', { status: 'up' });
  const lost = await tree.rest.expect('lost', { status: 'down' });
  assert.ok(
    lost.reason?.includes(`(cwd): expected a directory that is there, found ${cwd}`),
    lost.reason ?? '',
  );
  mkdirSync(cwd);
  await tree.rest.expect('lost', { status: 'up' });
});
