/** A small file system of its own, which a test can fill up. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from './sandbox.js';

/** Null where it can't be mounted (not root). */
export function mountSmall(scope: Scope): string | null {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-small-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'canopy-test', dir]).status === 0;
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
