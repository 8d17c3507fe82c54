/** The programs that prepare the ground for a target and then become it: `nice`, and `setpriv` of util-linux. */
import { spawnSync } from 'node:child_process';
import { getPriority } from 'node:os';
import type { Account } from './accounts.js';
import { systemProgram } from './system-program.js';

const fileOf = (program: string): string => systemProgram(program) ?? program;

const isRoot = (): boolean => process.getuid?.() === 0;

/** A problem says what was expected. */
export type Before = { readonly words: readonly string[] } | { readonly problem: string };

/** `niceness` as it shall be, whatever ours is. */
export function withNiceness(niceness: number): Before {
  const difference = niceness - getPriority();
  if (difference < 0 && !isRoot())
    return { problem: `at least ${getPriority()}, or a node that runs as root` };
  return { words: difference === 0 ? [] : [fileOf('nice'), '-n', String(difference)] };
}

/** Tried once, so that what can't work is told before any target is started. */
export function asUser({ uid, gid, groups }: Account): Before {
  if (!isRoot()) return { problem: 'a node that runs as root' };
  const setpriv = fileOf('setpriv');
  const others = groups.length > 0 ? `--groups=${groups.join(',')}` : '--clear-groups';
  const words = [setpriv, `--reuid=${uid}`, `--regid=${gid}`, others, '--'];
  const { status, stderr, error } = spawnSync(setpriv, [...words.slice(1), '/bin/sh', '-c', ':'], {
    encoding: 'utf8',
    cwd: '/',
    env: {},
  });
  if (status === 0) return { words };
  return { problem: `a user that setpriv (util-linux) can switch to: ${error?.message ?? stderr.trim()}` };
}
