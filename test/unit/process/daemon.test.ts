import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { reportPending, reportReady, spawnDaemon } from '../../../src/process/daemon.js';
import { processAlive } from '../../../src/process/signals.js';
import { compiled, endGroup, program, workDir } from './support.js';

async function daemon(t: TestContext, how: string, waitMs = 20_000) {
  const logFile = join(await workDir(t), 'log/daemon.log');
  const args = [how, compiled('src/process/daemon.js')];
  const started = await spawnDaemon({ script: program('daemon'), args, env: process.env, logFile, waitMs });
  t.after(() => endGroup(started.pid));
  return { ...started, logFile };
}

test('one that is up lives on, its output in the log', async t => {
  for (const how of ['ready', 'slow']) {
    const { pid, outcome, logFile } = await daemon(t, how);
    assert.equal(outcome, 'ready');
    assert.equal(processAlive(pid), true);
    assert.equal(await readFile(logFile, 'utf8'), `daemon ${how}\n`);
  }
});

test('one that fails says why', async t => {
  const { outcome } = await daemon(t, 'failed');
  assert.deepEqual(outcome, { failed: 'the port is taken' });
});

test('one that dies without a word', async t => {
  const { outcome, logFile } = await daemon(t, 'exit');
  assert.deepEqual(outcome, { failed: `it exited with code 3 before it was up; see ${logFile}` });
});

test('one that still waits when the time is over goes on', async t => {
  const { pid, outcome } = await daemon(t, 'pending', 3000);
  assert.deepEqual(outcome, { pending: 'waiting for the parent' });
  assert.equal(processAlive(pid), true);
});

test('a script that is not there', async t => {
  const logFile = join(await workDir(t), 'daemon.log');
  const { outcome } = await spawnDaemon({ script: '/no/such.js', args: [], env: process.env, logFile });
  assert.deepEqual(outcome, { failed: `it exited with code 1 before it was up; see ${logFile}` });
  assert.match(await readFile(logFile, 'utf8'), /Cannot find module/);
});

test('reports go nowhere where nobody waits', () => {
  reportPending('x');
  reportReady();
});
