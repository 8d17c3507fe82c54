/** A leaf keeps its target alive, stops all of it, and says what happens, three brokers up. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type DeepTree, deepTree, type LogLine } from '../support/nodes.js';
import { Sandbox } from '../support/sandbox.js';
import * as targets from '../support/targets.js';
import { until } from '../support/wait.js';

const skip = process.platform !== 'linux' && 'needs /proc';

// Side by side: each has a leaf of its own, and mostly waits.
describe('supervision', { skip, concurrency: 3 }, () => {
  // Here, not in before(): an after() that is registered in a hook is never run, and the processes would live on.
  const box = new Sandbox({ after });
  let tree: DeepTree;
  before(async () => {
    tree = await deepTree(box);
  });

  it('starts a killed target again: the new pid is at the root within a second', async () => {
    await tree.leaf({ name: 'killed', target: targets.STEADY });
    const { pid, epoch } = await tree.rest.node('rack1/rack2/killed');
    process.kill(pid as number, 'SIGKILL');
    const again = await tree.rest.expect(
      'rack1/rack2/killed',
      node => node.status === 'up' && node.pid !== null && node.pid !== pid,
      1000,
    );
    assert.ok(targets.lives(again.pid as number) && !targets.lives(pid as number));
    assert.equal(again.epoch, epoch, 'the leaf itself went on');
    const { heartbeat } = await tree.rest.expect(
      'rack1/rack2/killed',
      node => node.heartbeat?.pid === again.pid,
    );
    assert.equal(heartbeat?.restarts, 1);
  });

  it('a killed target with a child of its own: as fast, and the child is gone', async () => {
    const target = `sh -c 'sleep 3600 & echo child $!; wait'`;
    const leaf = await tree.leaf({ name: 'parent', target });
    const child = Number((await targets.targetSaid(leaf.dataDir, /child (\d+)/))[1]);
    const { pid } = await tree.rest.node('rack1/rack2/parent');
    process.kill(pid as number, 'SIGKILL');
    await tree.rest.expect(
      'rack1/rack2/parent',
      node => node.status === 'up' && node.pid !== null && node.pid !== pid,
      1000,
    );
    assert.ok(!targets.lives(child));
  });

  it('a target that leaves the group that it was started in is signalled and stopped all the same', async () => {
    const words = [
      ['timeout', 'timeout 5000 sleep 36051', 'sleep 36051'],
      ['setsid', 'setsid sleep 36052', 'sleep 36052'],
      ['deaf', `setsid sh -c 'trap "" TERM; exec sleep 36053'`, 'sleep 36053'],
    ] as const;
    for (const [name, target, runs] of words) {
      await tree.leaf({ name, target, stop_grace: 0.5 });
      // Of the others setsid ends at once, having forked, and what it leaves is gone before it can be seen.
      if (name === 'timeout')
        await until(() => box.processes().some(({ command }) => command === runs), 5000, `${runs} runs`);
      const { body } = await tree.rest.command(`rack1/rack2/${name}`, 'stop');
      assert.equal(body.status, 'succeeded', JSON.stringify(body));
      assert.ok(!box.processes().some(({ command }) => command === runs), `${runs} is left`);
    }
  });

  it('a stop takes no longer than its grace, also where a child has a session of its own', async () => {
    const target = `sh -c 'trap : TERM; setsid sleep 36054 & while :; do sleep 0.05; done'`;
    await tree.leaf({ name: 'graceful', target, stop_grace: 1.5 });
    await until(() => box.processes().some(({ command }) => command === 'sleep 36054'));
    const begun = performance.now();
    await tree.rest.command('rack1/rack2/graceful', 'stop');
    assert.ok(performance.now() - begun < 2700, `${performance.now() - begun} ms of a grace of 1500`);
    assert.ok(!box.processes().some(({ command }) => command === 'sleep 36054'));
  });

  it('backs off from one that keeps crashing, and calls it down', async () => {
    const leaf = await tree.leaf(
      { name: 'crashing', target: targets.CRASHING, backoff_min: 0.2, backoff_max: 60 },
      { status: 'down', phase: 'backoff' },
    );
    const node = await tree.rest.expect('rack1/rack2/crashing', {
      status: 'down',
      phase: 'backoff',
      pid: null,
    });
    assert.match(node.reason ?? '', /exited with code 3/);
    assert.equal((node as { exitCode?: number }).exitCode, 3);
    // Crashes: at once, after 0 s, 0.2 s, 0.4 s, 0.8 s, …
    const starts = await until(() => {
      const lines = leaf.log.filter(line => line.msg === 'target' && line.to === 'starting');
      return lines.length >= 5 ? lines : null;
    });
    const waits = starts.slice(1).map(({ time }, index) => time - (starts[index] as LogLine).time);
    const waited = starts.slice(1, 5).map(({ from }) => from === 'backoff');
    assert.deepEqual(waited, [false, true, true, true], 'the first restart comes at once');
    // Less a tenth of jitter.
    for (const [index, least] of [180, 360, 720].entries())
      assert.ok((waits[index + 1] as number) >= least, `waits double: ${waits}`);
    await leaf.stop();
    await tree.rest.expect('rack1/rack2/crashing', { status: 'stopped' });
  });

  it('goes on beating where the command is missing, and says so', async () => {
    const leaf = await tree.leaf({ name: 'missing', target: targets.MISSING }, { status: 'down' });
    const first = await tree.rest.expect('rack1/rack2/missing', node => node.heartbeat !== null);
    const seq = first.heartbeat?.seq as number;
    const later = await tree.rest.expect(
      'rack1/rack2/missing',
      node => node.status === 'down' && (node.heartbeat?.seq as number) > seq + 2,
      5000,
    );
    assert.deepEqual([later.status, later.link, later.pid], ['down', 'online', null]);
    assert.match(later.reason ?? '', /no-such-program/);
    assert.ok(leaf.isRunning);
  });

  it('kills a target that ignores TERM when the grace period is over', async () => {
    const leaf = await tree.leaf({ name: 'stubborn', target: targets.STUBBORN, stop_grace: 0.7 });
    await targets.targetSaid(leaf.dataDir, /ready/);
    const { pid } = await tree.rest.node('rack1/rack2/stubborn');
    const from = performance.now();
    const { body } = await tree.rest.command('rack1/rack2/stubborn', 'stop');
    const took = performance.now() - from;
    assert.equal(body.status, 'succeeded', JSON.stringify(body));
    assert.equal(body.data.signal, 'SIGKILL');
    assert.ok(took >= 700 && took < 2500, `stopped after ${took} ms`);
    assert.ok(!targets.lives(pid as number));
    await tree.rest.expect('rack1/rack2/stubborn', { status: 'stopped', phase: 'stopped', pid: null });
  });

  it('takes what the target has started with it', async () => {
    const leaf = await tree.leaf({ name: 'forking', target: targets.FORKING, stop_grace: 0.5 });
    await targets.targetSaid(leaf.dataDir, /ready/);
    const pid = Number((await targets.targetSaid(leaf.dataDir, /child (\d+)/))[1]);
    assert.ok(targets.lives(pid));
    assert.deepEqual(await leaf.stop(), { code: 0, signal: null });
    assert.ok(!targets.lives(pid), 'a child that ignores TERM is gone with its leaf');
  });

  it('keeps the output of the target, over its restarts', async () => {
    const target = `sh -c 'echo to stdout $$; echo to stderr $$ >&2; exec sleep 3600'`;
    const leaf = await tree.leaf({ name: 'talking', target });
    const { pid } = await tree.rest.node('rack1/rack2/talking');
    await targets.targetSaid(leaf.dataDir, new RegExp(`to stdout ${pid}\nto stderr ${pid}\n`));
    process.kill(pid as number, 'SIGKILL');
    const again = await tree.rest.expect('rack1/rack2/talking', node => !!node.pid && node.pid !== pid);
    await targets.targetSaid(leaf.dataDir, new RegExp(`to stdout ${pid}\n(.*\n)*to stdout ${again.pid}\n`));
  });
});
