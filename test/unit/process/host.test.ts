import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { coreCount, hostLoad, parseCoreList } from '../../../src/process/host.js';
import { withQuota } from '../../support/quota.js';

const run = promisify(execFile);
const MODULE = fileURLToPath(new URL('../../../src/process/host.js', import.meta.url));

test('lists of cores as the kernel writes them', () => {
  assert.deepEqual([...parseCoreList('0')], [0]);
  assert.deepEqual([...parseCoreList('0-2,5,8-9')], [0, 1, 2, 5, 8, 9]);
});

test('memory is a fraction; load is one from the second look on', () => {
  const { load, memory } = hostLoad();
  assert.equal(load, null, 'one look says nothing');
  assert.ok(memory > 0 && memory <= 1, `${memory}`);
  assert.ok(coreCount() >= 1);
});

const own = (wrap: readonly string[]) => {
  const script = `
    const { hostLoad, coreCount } = await import(${JSON.stringify(MODULE)});
    hostLoad();
    const end = performance.now() + 1300;
    while (performance.now() < end);
    console.log(JSON.stringify({ cores: coreCount(), ...hostLoad() }));`;
  const [program = '', ...words] = [...wrap, process.execPath, '--input-type=module', '-e', script];
  return run(program, words).then(({ stdout }) => JSON.parse(stdout) as { cores: number; load: number });
};

test('it is the load of the cores that the process may use', {
  skip: process.platform !== 'linux',
}, async () => {
  const { cores, load } = await own(['taskset', '-c', '0']);
  assert.equal(cores, 1);
  assert.ok(load > 0.9, `its only core was busy all the while: ${load}`);
});

test('under a quota it is how much of that is used', async t => {
  const wrap = withQuota({ after: end => t.after(end) }, 8);
  if (wrap === null) return t.skip('no cgroup can be made here');
  const { cores, load } = await own(wrap);
  assert.equal(cores, 8);
  assert.ok(load > 0.01 && load < 0.2, `at most one busy core of eight: ${load}`);
});
