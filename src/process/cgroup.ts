/** A cgroup v2 of its own for a target: whoever it starts stays in it, whatever session or parent he takes. */
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { lives } from './stat.js';

export class Cgroup {
  private constructor(readonly path: string) {}

  /** Null where there is no cgroup v2, or none may be made. The same name finds the same one again. */
  static async open(name: string): Promise<Cgroup | null> {
    const own = ownDirectory();
    if (own === null) return null;
    const path = join(own, name);
    try {
      await mkdir(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
      for (const file of ['cgroup.kill', 'cgroup.procs']) accessSync(join(path, file), constants.W_OK);
    } catch {
      return null;
    }
    return new Cgroup(path);
  }

  /** Who lives in it; a zombie that nobody has waited for does not. */
  members(): number[] {
    return this.pids().filter(lives);
  }

  private pids(): number[] {
    try {
      const text = readFileSync(join(this.path, 'cgroup.procs'), 'utf8');
      return text.split('\n').filter(Boolean).map(Number);
    } catch {
      return []; // somebody has removed it, which takes an empty one
    }
  }

  /** KILL to all of it at once, so that nobody can fork away (Linux 5.14). */
  kill(): void {
    writeFileSync(join(this.path, 'cgroup.kill'), '1');
  }

  /** Once it is empty; otherwise it stays for the next who opens it. */
  async remove(): Promise<void> {
    await rmdir(this.path).catch(() => {});
  }
}

/** Where this process itself is in the v2 hierarchy, as a directory. */
function ownDirectory(): string | null {
  try {
    const mount = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map(line => line.split(' '))
      .find(([, , type]) => type === 'cgroup2')?.[1];
    const path = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
    return mount && path ? join(mount, path) : null;
  } catch {
    return null;
  }
}
