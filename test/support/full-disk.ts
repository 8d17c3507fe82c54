/** A small file system of its own, which a test can fill up. */
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from './sandbox.js';

/** Null where it can't be mounted (not root). */
export function mountSmall(scope: Scope, size = '64k'): string | null {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-small-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'canopy-test', dir]).status === 0;
  scope.after(async () => {
    if (mounted) spawnSync('umount', ['-l', dir]);
    rmdirSync(dir);
  });
  return mounted ? dir : null;
}

export function fill(dir: string): void {
  for (const bytes of [4096, 1]) {
    try {
      for (;;) appendFileSync(join(dir, 'filler'), 'x'.repeat(bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}

/** The same by another process, at its own pace, while this one goes on. */
export function fillBeside(dir: string): void {
  spawn('dd', ['if=/dev/zero', `of=${join(dir, 'filler')}`, 'bs=64k'], { stdio: 'ignore' });
}
