/** A place of its own for a test: a directory, and a mark by which every process that comes of it is found and ended. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './wait.js';

/** A test context, or `{ after }` of node:test for a whole file. */
export interface Scope {
  after(end: () => Promise<void>): void;
}

const MARK = 'E2E_MARK';
const open = new Set<Sandbox>();
let opened = 0;

/** Looks in a row that find nobody. */
const QUIET_LOOKS = 3;

export class Sandbox {
  readonly dir = mkdtempSync(join(tmpdir(), 'canopy-e2e-'));
  /** Inherited by nodes and, since it does not begin with CANOPY_, by their targets. */
  readonly mark: string;

  constructor(scope: Scope) {
    opened += 1;
    this.mark = `${process.pid}-${opened}`;
    open.add(this);
    scope.after(() => this.close());
  }

  path(...parts: string[]): string {
    return join(this.dir, ...parts);
  }

  /** The environment of a process of this test: no settings but those given. */
  env(variables: Record<string, string> = {}): NodeJS.ProcessEnv {
    const inherited = Object.entries(process.env).filter(([name]) => !/^(CANOPY_|NODE_TEST)/.test(name));
    return { ...Object.fromEntries(inherited), [MARK]: this.mark, ...variables };
  }

  /** Every living process of this test, with its command line: nodes, targets, and what those started. */
  processes(fits = /^/): { pid: number; command: string }[] {
    return readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .map(name => ({ pid: Number(name), command: readProc(name, 'cmdline').join(' ').trim() }))
      .filter(({ pid, command }) => fits.test(command) && this.owns(pid));
  }

  private owns(pid: number): boolean {
    return readProc(String(pid), 'environ').includes(`${MARK}=${this.mark}`);
  }

  async close(): Promise<void> {
    // A wrapper that is about to become a target bears no mark yet: nobody must come up in several looks.
    let quiet = 0;
    const isGone = (): boolean => {
      quiet = this.killAll() === 0 ? quiet + 1 : 0;
      return quiet === QUIET_LOOKS;
    };
    await until(isGone, 10_000, 'every process of the test is gone');
    rmSync(this.dir, { recursive: true, force: true });
    open.delete(this);
  }

  /** How many there still were: a node may start a target between the look and the kill. */
  killAll(): number {
    const found = this.processes();
    for (const { pid } of found) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // gone by itself
      }
    }
    return found.length;
  }
}

function readProc(pid: string, what: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/${what}`, 'latin1').split('\0');
  } catch {
    return [];
  }
}

// A test file that is cut off (a timeout, Ctrl-C, an error at its top level) leaves nothing behind either.
process.on('exit', () => {
  for (const sandbox of open) {
    for (let round = 0; round < 5 && sandbox.killAll() > 0; round++);
    rmSync(sandbox.dir, { recursive: true, force: true });
  }
});
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => process.exit(1));
