/** Maintenance that has an end, of nodes that are killed within it: what others see of it is over then, too. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { canopy } from '../support/cli.js';
import { type NodeProcess, startLeaf, startRelay, startRoot } from '../support/nodes.js';
import { Receiver } from '../support/receiver.js';
import type { NodeView } from '../support/rest.js';
import { Sandbox } from '../support/sandbox.js';
import { CRASHING, STEADY } from '../support/targets.js';
import { until } from '../support/wait.js';

interface Maintained {
  readonly maintenance: { readonly until: number | null; readonly at: string } | null;
}
const maintenanceOf = (node: NodeView) => (node as unknown as Maintained).maintenance;

describe('a maintenance whose node is killed', {
  skip: process.platform !== 'linux' && 'needs /proc',
}, () => {
  const scope = { after };
  const box = new Sandbox(scope);
  const hook = new Receiver(scope);
  const file = box.path('alerts.yaml');
  let root: NodeProcess;
  let rack: NodeProcess;

  /** Until when it is to be, ms. */
  const maintain = async (path: string, seconds: number): Promise<number> => {
    await root.rest.command(path, 'maintenance', { args: { mode: 'on', for: seconds } });
    const shown = await root.rest.expect(path, node => maintenanceOf(node)?.at === path);
    return maintenanceOf(shown)?.until ?? Number.NaN;
  };
  const firing = (path: string) =>
    hook.accepted.find(({ body }) => body.kind === 'firing' && body.path === path)?.body;
  const ends = async (path: string) => {
    const { body } = await root.rest.get(`/api/v1/events?path=${path}&event=maintenance`);
    const found = body.events as { path: string; on: boolean; at: number }[];
    return found.filter(event => event.path === path && !event.on).map(({ at }) => at);
  };

  before(async () => {
    await hook.listen();
    const rules = `receivers: [{ name: hook, url: '${hook.url}' }]\nrules: [{ name: node-down, status: down, to: [hook] }]\n`;
    writeFileSync(file, rules, { mode: 0o600 });
    root = await startRoot(box, { alerts_file: file, clock_skew: 1 });
    rack = await startRelay(box, root, { name: 'rack', rest_port: 0, clock_skew: 1 });
  });

  it('of a leaf ends for its parent and for the root: shown no more, told, and alerted', async () => {
    const leaf = await startLeaf(box, rack, { name: 'web', target: STEADY });
    await root.rest.expect('rack/web', { status: 'up' });
    const end = await maintain('rack/web', 3);
    await leaf.crash();
    const lost = await root.rest.expect('rack/web', { status: 'down' });
    assert.ok(maintenanceOf(lost), 'a loss does not lift it');
    for (const [{ rest }, path] of [
      [rack, 'web'],
      [root, 'rack/web'],
    ] as const)
      await until(async () => maintenanceOf(await rest.node(path)) === null, 15_000, `${path} is out of it`);
    assert.ok(Date.now() >= end);
    const told = await until(() => firing('rack/web'), 10_000, 'an alert');
    assert.ok(told.dueAt >= end && told.since < end, JSON.stringify(told));
    assert.deepEqual(await ends('rack/web'), [end]);
    const shown = await canopy(box, ['tree', '--url', root.rest.url]);
    assert.doesNotMatch(shown.stdout, /in maintenance/);
    await leaf.up();
    await root.rest.expect('rack/web', { status: 'up' });
    assert.equal(maintenanceOf(await root.rest.node('rack/web')), null);
    assert.deepEqual(await ends('rack/web'), [end], 'it ends once');
    await leaf.stop();
  });

  it('of a relay ends with all below it, also where the root was restarted meanwhile', async () => {
    const end = await maintain('rack', 4);
    await rack.crash();
    await root.rest.expect('rack', { status: 'down' });
    // It writes what changes within a moment together.
    await until(() => readFileSync(join(root.dataDir, 'roster.jsonl'), 'utf8').includes(`"until":${end}`));
    await root.crash();
    await root.up();
    const covered = await root.rest.node('rack/web');
    assert.ok(Date.now() > end || maintenanceOf(covered)?.at === 'rack');
    for (const path of ['rack', 'rack/web'])
      await until(async () => maintenanceOf(await root.rest.node(path)) === null, 15_000, path);
    assert.deepEqual(await ends('rack'), [end]);
    const told = await until(() => firing('rack'), 15_000, 'an alert');
    assert.ok(told.since < end, JSON.stringify(told));
    await rack.up();
    await root.rest.expect('rack', { status: 'up' });
    assert.deepEqual([maintenanceOf(await root.rest.node('rack')), await ends('rack')], [null, [end]]);
  });

  it('a leaf that fails within it is not stopped by a scale', async () => {
    const failing = { app_name: 'sick', target: CRASHING, backoff_min: 60, backoff_max: 60 };
    const leaf = await startLeaf(box, root, { name: 'sick', ...failing });
    await root.rest.expect('sick', ({ phase, heartbeat }) => phase === 'backoff' && heartbeat !== null);
    await root.rest.command('sick', 'maintenance', { args: { mode: 'on' } });
    await root.rest.expect('sick', node => maintenanceOf(node) !== null);
    const spare = { app_name: 'sick', target: STEADY, desired: 'stopped' };
    await startLeaf(box, root, { name: 'spare', ...spare });
    await root.rest.expect('spare', { phase: 'stopped' });
    const { body } = await root.rest.command(
      '',
      'scale',
      { select: { app: 'sick' }, args: { count: 1 } },
      30,
    );
    assert.deepEqual([body.status, body.data.running], ['succeeded', 1], JSON.stringify(body));
    const { phase, desired } = (await root.rest.node('sick')) as NodeView & { desired: string };
    assert.deepEqual([phase, desired], ['backoff', 'running'], 'hands off');
    await leaf.stop();
  });
});
