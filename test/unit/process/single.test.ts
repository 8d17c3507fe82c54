/** Shells that become the wrapper of one target, on systems with a program that makes sessions and on others. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { bootId } from '../../../src/process/identity.js';
import type { FirstWord } from '../../../src/process/launch-words.js';
import { signalGroup, signalProcess } from '../../../src/process/signals.js';
import { launchSingle } from '../../../src/process/single.js';
import { lives } from '../../../src/process/stat.js';
import { newToken, readRecord } from '../../../src/process/target-record.js';
import { find } from '../../support/parts.js';
import { until } from '../../support/wait.js';
import { Place } from './target-support.js';

const skip = process.platform !== 'linux' && 'needs /proc';

async function launched(t: TestContext, setsid: string | null, script: string) {
  const place = await Place.open(t);
  const orders = {
    dataDir: place.dir,
    token: newToken(place.dir, 'launch'),
    bootId: bootId(),
    at: Date.now(),
    words: ['sh', '-c', script],
    before: [],
    env: place.env,
    cgroup: '',
    mark: place.mark,
    output: { stdout: place.path('target.log'), stderr: place.path('target.log') },
    cwd: '',
    umask: '',
  };
  const told = launchSingle(orders, setsid);
  const first = await told.first;
  assert.equal(first.is, 'started');
  return { place, told, ...(first as FirstWord & { is: 'started' }) };
}

for (const setsid of [find('setsid'), null]) {
  const what = `a wrapper ${setsid === null ? 'in one group with its target' : 'whose target leads its own'}`;

  test(`${what}: exit codes and signals`, { skip }, async t => {
    for (const [script, exit] of [
      ['exit 0', { code: 0, signal: null }],
      ['exit 77', { code: 77, signal: null }],
      ['kill -KILL $$', { code: null, signal: 'SIGKILL' }],
    ] as const)
      assert.deepEqual(await (await launched(t, setsid, script)).told.end, exit, script);
  });

  test(`${what}: its group is killed`, { skip }, async t => {
    const { told, pid, group, place } = await launched(t, setsid, 'exec sleep 3600');
    const { keeper } = readRecord(place.dir) ?? {};
    assert.deepEqual([group === pid, group === keeper], [setsid !== null, setsid === null]);
    await until(() => place.text('target.log') === '' && lives(pid));
    // In the moment before the one leads a group, nobody is in that.
    await until(() => signalGroup(group, 'SIGKILL'));
    const exit = await told.end;
    // Killed with its target, a wrapper does not tell, but ends the same way.
    assert.deepEqual(exit ?? { code: null, signal: told.killedBy }, { code: null, signal: 'SIGKILL' });
    await until(() => !lives(pid));
  });

  test(`${what}: the wrapper alone is killed`, { skip }, async t => {
    const { told, pid, place } = await launched(t, setsid, 'exec sleep 3600');
    signalProcess(readRecord(place.dir)?.keeper ?? 0, 'SIGKILL');
    assert.equal(await told.end, null);
    assert.ok(lives(pid));
  });
}
