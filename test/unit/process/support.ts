/** Programs for these tests: started in a directory of their own, ended by pid when the test is over. */

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Output } from '../../../src/process/orders.js';
import { openOutput } from '../../../src/process/output.js';
import { signalGroup } from '../../../src/process/signals.js';
import type { Exit } from '../../../src/process/spawn.js';
import { until } from '../../support/wait.js';

/** Programs are not compiled: they are found in the checkout, where tests run. */
const inCheckout = (path: string): string => join(process.cwd(), path);
export const program = (name: string): string => inCheckout(`test/fixtures/programs/${name}.js`);
export const compiled = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

export async function workDir(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'canopy-process-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Takes all that a target writes. */
export const oneFile = (file: string): Output => ({ stdout: file, stderr: file });

export interface Started {
  pid: number;
  /** Its process group: its own. */
  group: number;
  exited: Promise<Exit>;
  file: string;
}

/** Starts a command in a session of its own whose output goes to a file; ends its group after the test. */
export async function start(t: TestContext, words: string[]): Promise<Started> {
  const file = join(await workDir(t), 'output.log');
  const output = await openOutput(file);
  try {
    const [command = '', ...args] = words;
    const child = spawn(command, args, { detached: true, stdio: ['ignore', output.fd, output.fd] });
    const exited = new Promise<Exit>(resolve => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    const pid = child.pid as number;
    t.after(() => endGroup(pid));
    return { pid, group: pid, exited, file };
  } finally {
    await output.close();
  }
}

export function endGroup(pid: number): void {
  signalGroup(pid, 'SIGKILL');
}

/** Waits until the file holds something that matches. */
export async function said(file: string, pattern: RegExp): Promise<RegExpExecArray> {
  return until(async () => pattern.exec(await readFile(file, 'utf8')), 10_000, `${pattern} in ${file}`);
}
