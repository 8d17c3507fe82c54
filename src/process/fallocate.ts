/**
 * Room in files by fallocate(2), which Node has no call for: blocks reserved behind the end, and given back from the middle.
 * One shell for all of this process, so that a call does not cost us a fork; without work it ends.
 */
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import spawn from 'cross-spawn';
import { quote } from './shell-words.js';

/** Milliseconds without a call after which it ends. */
const IDLE_MS = 5000;

/** `full`: there is no room; `failed`: it can't be done here, there is no such file, … */
export type Allocated = 'done' | 'full' | 'failed';

interface Helper {
  readonly process: ChildProcess;
  readonly waiting: ((outcome: Allocated) => void)[];
}

let helper: Helper | null = null;
let timer: NodeJS.Timeout | null = null;

/** Blocks for `bytes` from `offset` on, the size of the file left as it is. */
export const reserve = (path: string, offset: number, bytes: number): Promise<Allocated> =>
  call(`-n -o ${offset} -l ${bytes}`, path);

/** Gives these bytes back; they read as zeros. */
export const punch = async (path: string, offset: number, bytes: number): Promise<boolean> =>
  (await call(`-p -o ${offset} -l ${bytes}`, path)) === 'done';

/** By what the C library says of ENOSPC and EDQUOT. */
const FULL = `case $e in *'No space'*|*uota*) echo full;; *) echo failed;; esac`;

function call(how: string, path: string): Promise<Allocated> {
  helper ??= begin();
  const { process: shell, waiting } = helper;
  if (shell.pid === undefined) return Promise.resolve('failed');
  timer ??= setTimeout(rest, IDLE_MS).unref();
  timer.refresh();
  return new Promise(resolve => {
    waiting.push(resolve);
    hold(shell, 'ref');
    shell.stdin?.write(`if e=$(fallocate ${how} -- ${quote(path)} 2>&1); then echo done; else ${FULL}; fi\n`);
  });
}

function begin(): Helper {
  const shell = spawn('/bin/sh', [], { env: {}, detached: true, stdio: ['pipe', 'pipe', 'ignore'] });
  const mine: Helper = { process: shell, waiting: [] };
  const gone = (): void => {
    if (helper === mine) helper = null;
    for (const tell of mine.waiting.splice(0)) tell('failed');
  };
  shell.once('error', gone).once('exit', gone);
  shell.stdin?.on('error', gone);
  shell.stdout?.setEncoding('latin1').on('data', (text: string) => {
    for (const word of text.trim().split('\n')) mine.waiting.shift()?.(word as Allocated);
    if (mine.waiting.length === 0) hold(shell, 'unref');
  });
  if (shell.pid !== undefined) hold(shell, 'unref');
  return mine;
}

/** What is under way keeps this process alive, nothing else does. */
function hold(shell: ChildProcess, how: 'ref' | 'unref'): void {
  shell[how]();
  for (const pipe of [shell.stdin, shell.stdout]) (pipe as Socket | null)?.[how]();
}

function rest(): void {
  timer = null;
  if (helper && helper.waiting.length > 0) return;
  helper?.process.stdin?.end();
  helper = null;
}
