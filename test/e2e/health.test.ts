/** What a leaf finds of its target by probes and limits, as it is seen three brokers up. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../support/mosquitto.js';
import { Tap } from '../support/mqtt-tools.js';
import { type DeepTree, deepTree, type NodeProcess, type Settings } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import { Sandbox } from '../support/sandbox.js';
import { STEADY } from '../support/targets.js';
import { until } from '../support/wait.js';

const skip = process.platform !== 'linux' ? 'needs /proc' : skipWithout('mosquitto_sub');
const SERVICE = join(process.cwd(), 'test/fixtures/programs/service.js');

describe('health', { skip, concurrency: 2 }, () => {
  const box = new Sandbox({ after });
  let tree: DeepTree;
  before(async () => {
    tree = await deepTree(box);
  });

  /** A service with a readiness probe that looks often. */
  const service = async (name: string, delay: number, more: (port: number) => Settings = () => ({})) => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const leaf = await tree.leaf(
      {
        name,
        target: `node ${SERVICE} ${port} ${delay}`,
        readiness_probe: `${url}/ready`,
        readiness_probe_interval: 0.1,
        readiness_probe_failures: 2,
        ...more(port),
      },
      { link: 'online' },
    );
    return { leaf, url, path: `rack1/rack2/${name}` };
  };
  const signal = async (path: string, name: string): Promise<void> => {
    const { body } = await tree.rest.command(path, 'signal', { args: { signal: name } });
    assert.equal(body.status, 'succeeded', JSON.stringify(body));
  };

  it('is up when it is ready and not before, down while it is not, and never restarted for it', async () => {
    const tap = await Tap.open(box, tree.root.port, 'canopy/rack1/rack2/slow/+');
    const { url, path } = await service('slow', 700, port => ({ startup_probe: `tcp://127.0.0.1:${port}` }));
    const early = await tree.rest.expect(path, { phase: 'running' });
    assert.deepEqual([early.status, early.health], ['degraded', 'unknown']);
    const { pid, reason } = await tree.rest.expect(path, { status: 'up', health: 'passing' });
    assert.equal(reason, `readiness probe: GET ${url}/ready: answered 200`);
    await signal(path, 'USR1');
    const down = await tree.rest.expect(path, { status: 'down', health: 'failing', phase: 'running' });
    assert.equal(down.reason, `readiness probe failed 2 times in a row: GET ${url}/ready: answered 503`);
    await tree.rest.expect(path, node => node.heartbeat?.health === 'failing');
    await signal(path, 'USR1');
    assert.equal((await tree.rest.expect(path, { status: 'up' })).pid, pid, 'the very same process');
    await until(() => tap.messages.filter(({ json }) => json.event === 'health').length >= 3);
    const events = tap.messages.filter(({ json }) => json.event === 'health');
    assert.deepEqual(
      events.map(({ json }) => [json.from, json.to]),
      [
        ['unknown', 'passing'],
        ['passing', 'failing'],
        ['failing', 'passing'],
      ],
    );
  });

  it('what is not alive is restarted, with the reason in log, event and state', async () => {
    const tap = await Tap.open(
      box,
      tree.root.port,
      'canopy/rack1/rack2/deaf/evt',
      'canopy/rack1/rack2/deaf/state',
    );
    const { leaf, path } = await service('deaf', 0, () => ({
      liveness_probe: 'tcp://127.0.0.1:1',
      liveness_probe_interval: 0.3,
      liveness_probe_failures: 2,
    }));
    const why = /^liveness probe failed 2 times in a row: connect to 127\.0\.0\.1:1: ECONNREFUSED/;
    const restarted = await tap.first(({ json }) => json.event === 'phase' && json.to === 'stopping', 10_000);
    assert.match(restarted.json.reason, why);
    await tap.first(({ json }) => json.health === 'warning' && /\(1 of 2\)/.test(json.reason));
    const again = await tap.first(({ json }) => json.phase === 'starting' && why.test(json.reason));
    assert.match(again.json.reason, /restarted at once$/);
    assert.ok(leaf.log.some(({ msg, reason }) => msg === 'target' && why.test(String(reason))));
    assert.match((await tree.rest.expect(path, node => why.test(node.reason ?? ''))).reason ?? '', why);
    await leaf.stop();
  });

  it('a target that a killed leaf has left is probed by the next', async () => {
    const { leaf, path } = await service('left', 0);
    const { pid } = await tree.rest.expect(path, { status: 'up' });
    await leaf.crash();
    await tree.rest.expect(path, { status: 'down', link: 'lost' });
    process.kill(pid as number, 'SIGUSR1');
    await leaf.up();
    assert.equal((await tree.rest.expect(path, { health: 'failing' })).pid, pid);
    process.kill(pid as number, 'SIGUSR1');
    await tree.rest.expect(path, { status: 'up', pid });
  });

  it('over its memory_max it is restarted', async () => {
    const grow = 'const kept = []; setInterval(() => kept.push(Buffer.alloc(4194304, 1)), 20)';
    const target = `node -e '${grow}'`;
    const tap = await Tap.open(box, tree.root.port, 'canopy/rack1/rack2/hungry/evt');
    const leaf = await tree.leaf(
      { name: 'hungry', target, memory_warn: '100M', memory_max: '400M' },
      { link: 'online' },
    );
    const { json } = await tap.first(({ json }) => json.event === 'phase' && json.to === 'stopping', 20_000);
    assert.match(json.reason, /^rss \d+(\.\d)? MB over memory_max 400 MB$/);
    assert.ok(
      tap.messages.some(({ json }) => json.event === 'health' && /memory_warn 100 MB/.test(json.reason)),
    );
    await leaf.stop();
  });

  it('a probe that hangs and forks does not hold up its leaf, and leaves nothing behind', async () => {
    const hang = `exec: sh -c 'setsid sleep 36010 & sleep 36010'`;
    const leaf = await tree.leaf(
      {
        name: 'hanging',
        target: STEADY,
        readiness_probe: hang,
        readiness_probe_interval: 0.1,
        readiness_probe_timeout: 0.2,
      },
      { health: 'failing' },
    );
    const { pid } = await tree.rest.node('rack1/rack2/hanging');
    const sleepers = () => box.processes().filter(({ command }) => command === 'sleep 36010').length;
    assert.ok(sleepers() <= 4, 'those of one look, and of the last that is just being ended');
    assert.equal((await tree.rest.command('rack1/rack2/hanging', 'ping')).body.data.pid, pid);
    assert.deepEqual(await leaf.stop(), { code: 0, signal: null });
    await until(() => sleepers() === 0);
  });
});

describe('a rolling restart', { skip }, () => {
  const box = new Sandbox({ after });

  it('goes on to the next only when the last is ready', async () => {
    const tree = await deepTree(box);
    const leaves: { url: string; node: NodeProcess }[] = [];
    for (const name of ['web1', 'web2', 'web3']) {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}/ready`;
      const target = `node ${SERVICE} ${port} 300`;
      const node = await tree.leaf({ name, app_name: 'web', target, readiness_probe: url });
      leaves.push({ url, node });
    }
    let ended = false;
    const answers = async ({ url }: { url: string }): Promise<number> =>
      fetch(url).then(
        async response => (response.ok ? Number(await response.text()) : 0),
        () => 0,
      );
    const was = await Promise.all(leaves.map(answers));
    assert.ok(
      was.every(pid => pid > 0),
      'up means that they answer',
    );
    const client = (async () => {
      let least = leaves.length;
      while (!ended) {
        const pids = await Promise.all(leaves.map(answers));
        least = Math.min(least, pids.filter(pid => pid > 0).length);
        await pause(5);
      }
      return least;
    })();
    const more = { select: { app: 'web' }, args: { maxUnavailable: 1 } };
    const { body } = await tree.rest.command('', 'restart', more, 60);
    ended = true;
    assert.equal(body.status, 'succeeded', JSON.stringify(body));
    assert.equal(await client, 2, 'never fewer than all but one answered');
    const is = await Promise.all(leaves.map(answers));
    assert.ok(
      is.every((pid, index) => pid > 0 && pid !== was[index]),
      `${was} ${is}`,
    );
  });
});
