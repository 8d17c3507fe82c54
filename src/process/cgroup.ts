/** A cgroup v2 of its own for a target: whoever it starts stays in it, whatever session or parent he takes. */
// Not node:fs/promises: that is loaded at once, and a target would wait for it.
import { accessSync, constants, promises, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { lives } from './stat.js';

/** Looks whether it is empty, and milliseconds between two. */
const LOOKS = 10;
const LOOK_MS = 5;

export class Cgroup {
  private constructor(readonly path: string) {}

  /** Null where there is no cgroup v2, or none may be made. The same name finds the same one again. */
  static named(name: string): Cgroup | null {
    own ??= { directory: ownDirectory() };
    return own.directory === null ? null : new Cgroup(`${own.directory}/${name}`);
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
      return []; // nobody has entered it yet
    }
  }

  /** The kernel takes some 10 ms for it, and so does the next one who changes any cgroup: see entering.ts. */
  async enter(pid: number): Promise<boolean> {
    try {
      await promises.mkdir(this.path).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
      await promises.access(join(this.path, 'cgroup.kill'), constants.W_OK);
      await promises.writeFile(join(this.path, 'cgroup.procs'), String(pid), { flag: 'r+' });
      return true;
    } catch {
      return false; // it is gone, or may not be moved
    }
  }

  /** KILL to all of it at once, so that nobody can fork away (Linux 5.14). */
  kill(): void {
    try {
      writeFileSync(join(this.path, 'cgroup.kill'), '1', { flag: 'r+' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  /** Once it is empty; otherwise it stays for the next who opens it. Who ends just now gets a moment. */
  async remove(): Promise<void> {
    for (let look = 1; !(await this.isRemoved()) && look < LOOKS; look++) await pause(LOOK_MS);
  }

  /** Or can't be, for another reason than that somebody is in it. */
  private isRemoved(): Promise<boolean> {
    const removed = promises.rmdir(this.path).then(() => true);
    return removed.catch((error: NodeJS.ErrnoException) => error.code !== 'EBUSY');
  }
}

/** Looked for once: a process is hardly ever moved. */
let own: { directory: string | null } | null = null;

/** Where this process itself is in the v2 hierarchy, where it may make others beside itself and end them at once. */
function ownDirectory(): string | null {
  try {
    const mount = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map(line => line.split(' '))
      .find(([, , type]) => type === 'cgroup2')?.[1];
    const path = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
    if (!mount || !path) return null;
    const directory = join(mount, path);
    accessSync(directory, constants.W_OK);
    accessSync(join(directory, 'cgroup.procs'), constants.W_OK);
    return directory;
  } catch {
    return null;
  }
}
