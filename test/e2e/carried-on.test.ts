/** A leaf that is killed -9 while it ends its target: the next one goes on with what was decided, and so do those who asked for it. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { publish } from '../support/mqtt-tools.js';
import { type NodeProcess, startLeaf, startRoot } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import { Sandbox } from '../support/sandbox.js';
import { lives, outputOf, targetSaid } from '../support/targets.js';
import { until } from '../support/wait.js';

const skip = skipWithout('mosquitto_pub') || (process.platform !== 'linux' && 'needs /proc');

describe('carried on', { skip, concurrency: 2 }, () => {
  const box = new Sandbox({ after });
  let root: NodeProcess;
  before(async () => {
    root = await startRoot(box);
  });

  /** Says that it was told to end, and ends in order once it may. */
  const dying = async (name: string, more = {}) => {
    const go = box.path(`${name}.go`);
    const target = `sh -c 'trap "echo term; while [ ! -e ${go} ]; do sleep 0.02; done; exit 0" TERM; while :; do sleep 0.02; done'`;
    const leaf = await startLeaf(box, root, { name, target, start_seconds: 0, stop_grace: 60, ...more });
    const { pid } = await root.rest.expect(name, it => it.status === 'up' && it.pid !== null);
    return { leaf, pid: pid as number, dies: () => writeFileSync(go, '') };
  };
  /** Killed -9 when the target knows that it is to end; it ends when the next leaf is there. */
  const killedOver = async ({ leaf, pid, dies }: Awaited<ReturnType<typeof dying>>) => {
    await targetSaid(leaf.dataDir, /^term$/m);
    await leaf.crash();
    assert.ok(lives(pid));
    await leaf.up();
    await until(() => leaf.log.some(({ msg, to }) => msg === 'target' && to === 'stopping'));
    dies();
  };
  const runsAgain = (name: string, pid: number) =>
    root.rest.expect(name, it => it.status === 'up' && it.pid !== null && it.pid !== pid);

  it('a restart: there is another one, and who asked for it is told', async () => {
    const place = await dying('restarted', { restart: 'on-failure' });
    const { body } = await root.rest.command('restarted', 'restart', {}, 0);
    await killedOver(place);
    const { pid } = await runsAgain('restarted', place.pid);
    const result = await until(async () => {
      const { body: now } = await root.rest.ask('GET', `/api/v1/commands/${body.id}`);
      return now.done && now;
    });
    assert.deepEqual(
      [result.status, result.data],
      ['succeeded', { pid, previousPid: place.pid, resumed: true }],
    );
    await place.leaf.stop();
  });

  it('one that failed its probe: a failure, however it ends', async () => {
    const ok = box.path('probed.ok');
    writeFileSync(ok, '');
    const probe = {
      liveness_probe: `exec: test -e ${ok}`,
      liveness_probe_interval: 0.2,
      liveness_probe_failures: 1,
    };
    const place = await dying('probed', { restart: 'on-failure', ...probe });
    rmSync(ok);
    await targetSaid(place.leaf.dataDir, /^term$/m);
    writeFileSync(ok, '');
    await killedOver(place);
    const { reason } = await runsAgain('probed', place.pid);
    assert.equal(reason, 'an earlier leaf was stopping it as unhealthy; restarted at once');
    await place.leaf.stop();
  });

  it('the end of the leaf itself, in order: the next one starts it, though it is never restarted', async () => {
    const place = await dying('ended', { restart: 'never' });
    place.leaf.signal('SIGTERM');
    await killedOver(place);
    await runsAgain('ended', place.pid);
    await place.leaf.stop();
  });

  it('a stop that follows a restart: it stays stopped', async () => {
    const place = await dying('stopped');
    await root.rest.command('stopped', 'restart', {}, 0);
    await targetSaid(place.leaf.dataDir, /^term$/m);
    await publish(root.port, 'canopy/stopped/cmd', 'stop');
    await until(() => readFileSync(`${place.leaf.dataDir}/desired`, 'utf8') === 'stopped\n');
    await killedOver(place);
    await root.rest.expect('stopped', it => it.phase === 'stopped');
    assert.ok(!lives(place.pid));
    await place.leaf.stop();
  });

  it('a leaf that has given up on its target: until an operator starts it', async () => {
    const target = `sh -c 'echo run; exit 3'`;
    const limits = { max_restarts: 2, at_limit: 'fail', backoff_min: 0.01, backoff_max: 0.02 };
    const leaf = await startLeaf(box, root, { name: 'hopeless', target, ...limits });
    await root.rest.expect('hopeless', it => it.phase === 'failed');
    const runs = (): number => outputOf(leaf.dataDir).split('run').length - 1;
    const before = runs();
    await leaf.crash();
    await leaf.up();
    const { reason } = await root.rest.expect(
      'hopeless',
      it => it.link === 'online' && it.phase === 'failed',
    );
    assert.equal(reason, 'exited with code 3; an earlier leaf gave up');
    assert.equal(runs(), before);
    await publish(root.port, 'canopy/hopeless/cmd', 'start');
    await until(() => runs() > before);
    await leaf.stop();
  });
});
