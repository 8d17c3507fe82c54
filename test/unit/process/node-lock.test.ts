/** Held by another process, of whose pid file this or that has become. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { holderOf, lockNode } from '../../../src/process/node-lock.js';
import { compiled, said, start, workDir } from './support.js';

const none = async (): Promise<void> => {};

/** A process that holds the node of `file`. */
async function holder(t: TestContext, file: string) {
  const script = `import { lockNode } from ${JSON.stringify(compiled('src/process/node-lock.js'))};
    await lockNode(${JSON.stringify(file)}, async () => {});
    console.log('held');
    setInterval(() => {}, 60_000);`;
  const running = await start(t, [process.execPath, '--input-type=module', '-e', script]);
  await said(running.file, /held/);
  return running;
}

/** What becomes of a pid file while its process lives. */
const FATES: Record<string, (file: string) => void> = {
  removed: rmSync,
  emptied: file => truncateSync(file),
  'removed, its directory with it': file => rmSync(dirname(file), { recursive: true }),
  'a directory': file => {
    rmSync(file);
    mkdirSync(file);
  },
  replaced: file => {
    writeFileSync(`${file}.other`, 'not what it was');
    renameSync(`${file}.other`, file);
  },
};

test('a node is held as long as its process lives, whatever becomes of its pid file', {
  skip: process.platform !== 'linux' && 'needs /proc',
}, async t => {
  const dir = await workDir(t);
  await mkdir(join(dir, 'data'));
  await symlink('data', join(dir, 'link'));
  const held = await Promise.all(
    Object.entries(FATES).map(async ([name, befalls]) => {
      const file = join(dir, 'data', name, 'node.pid');
      const running = await holder(t, file);
      befalls(file);
      return { name, running };
    }),
  );
  for (const { name, running } of held)
    for (const file of [join(dir, 'data', name, 'node.pid'), join(dir, 'link', name, 'node.pid')]) {
      assert.equal((await holderOf(file))?.pid, running.pid, name);
      await assert.rejects(lockNode(file, none), { code: 'already-running', pid: running.pid });
    }
  for (const { name, running } of held) {
    process.kill(running.pid, 'SIGKILL');
    await running.exited;
    rmSync(join(dir, 'link', name), { recursive: true, force: true });
    const lock = await lockNode(join(dir, 'link', name, 'node.pid'), none);
    await lock.release();
  }
});
