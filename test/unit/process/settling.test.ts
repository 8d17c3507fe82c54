import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { Settling } from '../../../src/process/settling.js';
import { groupOf } from '../../../src/process/stat.js';

const skip = process.platform !== 'linux' && 'needs /proc';

test('a target is told of once it leads its group, or has ended, or takes too long', { skip }, async t => {
  const settling = new Settling();
  const settled = (script: string): { pid: number; done: Promise<number | null> } => {
    const child = spawn('sh', ['-c', script], { stdio: 'ignore' });
    const pid = child.pid as number;
    t.after(() => child.kill('SIGKILL'));
    const done = new Promise<number | null>(resolve =>
      settling.add(String(pid), pid, pid, () => resolve(groupOf(pid))),
    );
    return { pid, done };
  };
  const [leads, ends, stays, released] = [
    settled('sleep 0.1; exec setsid sleep 3600'),
    settled('sleep 0.1'),
    settled('exec sleep 3600'),
    settled('exec sleep 3600'),
  ];
  settling.release(String(released.pid));
  assert.notEqual(await released.done, released.pid);
  assert.equal(await leads.done, leads.pid);
  assert.notEqual(await ends.done, ends.pid);
  const own = groupOf(process.pid);
  assert.equal(await stays.done, own, 'after so many looks, as it is');
});
