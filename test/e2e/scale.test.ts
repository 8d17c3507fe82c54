/** Many leaves in one relay process, below a root of its own. `CANOPY_TEST_LEAVES=1000` measures as well. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { setTimeout as quiet } from 'node:timers/promises';
import { Command, treeFile } from '../support/cli.js';
import { Rest } from '../support/rest.js';
import { Sandbox } from '../support/sandbox.js';
import { lives, STEADY } from '../support/targets.js';
import { until } from '../support/wait.js';

const LEAVES = Number(process.env.CANOPY_TEST_LEAVES ?? 100);
const MEASURE = LEAVES >= 1000;

describe(`${LEAVES} leaves in one relay process`, {
  skip: process.platform !== 'linux' && 'needs /proc',
}, () => {
  const box = new Sandbox({ after });
  let relay: Command;
  let root: Command;
  let rest: Rest;
  const upLeaves = async () => rest.nodes(`?status=up&kind=leaf&limit=10000`);

  it('are all up at the root', async t => {
    const ports = await treeFile(box, 'tree.yaml', ({ root: port, rest: restPort, relay: relayPort }) =>
      [
        'defaults: { hb_interval: 1, timeout: 5 }',
        `port: ${port}`,
        `rest_port: ${restPort}`,
        'children:',
        '  - name: relay',
        `    port: ${relayPort}`,
        '    children:',
        ...Array.from({ length: LEAVES }, (_, at) => `      - { name: leaf${at}, target: ${STEADY} }`),
      ].join('\n'),
    );
    rest = new Rest(`http://127.0.0.1:${ports.rest}`);
    root = new Command(box, ['up', 'tree.yaml', '--node', '']);
    await root.said(/Ctrl-C stops/);
    const from = performance.now();
    relay = new Command(box, ['up', 'tree.yaml', '--node', 'relay']);
    await until(async () => (await upLeaves()).length === LEAVES, 15_000 + LEAVES * 20, `${LEAVES} are up`);
    t.diagnostic(
      `all up at the root ${Math.round(performance.now() - from)} ms after the start of the relay`,
    );
    await rest.expect(
      'relay',
      node => JSON.stringify(node.heartbeat?.leaves).includes(`"up":${LEAVES},`),
      3000,
    );
  });

  it('a target killed among them has a new pid at the root within a second', async () => {
    for (const path of [`relay/leaf${LEAVES - 1}`, 'relay/leaf0']) {
      const { pid } = await rest.node(path);
      process.kill(pid as number, 'SIGKILL');
      const again = await rest.expect(path, node => node.status === 'up' && node.pid !== pid, 1000);
      assert.ok(lives(again.pid as number));
    }
  });

  it('each is still heard every second', { timeout: 60_000 }, async t => {
    const before = new Map((await upLeaves()).map(node => [node.path, node.lastSeenAt as number]));
    const from = [root, relay].map(it => cpuSeconds(it.pid));
    if (MEASURE) {
      const samples = Array.from({ length: 20 }, (_, at) => `relay/leaf${Math.floor((at * LEAVES) / 20)}`);
      const seqs = () => Promise.all(samples.map(async it => (await rest.node(it)).heartbeat?.seq as number));
      const earlier = await seqs();
      await quiet(10_000);
      for (const [at, name] of ['root', 'relay'].entries()) {
        const { pid } = [root, relay][at] as Command;
        const cpu = (cpuSeconds(pid) - (from[at] as number)) / 10;
        t.diagnostic(
          `${name}: ${(cpu * 100).toFixed(1)} % of a core over 10 s, ${Math.round(rssBytes(pid) / 1e6)} MB`,
        );
      }
      const beats = (await seqs()).map((seq, at) => seq - (earlier[at] as number));
      assert.ok(Math.min(...beats) >= 9 && Math.max(...beats) <= 11, `heartbeats in 10 s: ${beats}`);
    }
    await until(
      async () =>
        (await upLeaves()).filter(it => (it.lastSeenAt ?? 0) > (before.get(it.path) ?? 0)).length === LEAVES,
      4000,
      'every one is heard again',
    );
  });

  it('stop without leaving a process behind', async () => {
    relay.signal('SIGTERM');
    const { code, stderr } = await relay.end(15_000 + LEAVES * 20);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    await rest.expect('relay', { status: 'stopped' });
    const left = await rest.nodes('?kind=leaf&limit=10000');
    assert.equal(left.filter(node => node.link === 'offline').length, LEAVES, 'each said goodbye');
    root.signal('SIGTERM');
    assert.equal((await root.end()).code, 0);
    assert.deepEqual(box.processes(), []);
  });
});

/** User and system time of a process, in seconds. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const rssBytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
