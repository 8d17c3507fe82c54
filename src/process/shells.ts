/** Shells that wait, ready to become the wrapper of a target: starting one takes longer than all the rest of a launch. */
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import spawn from 'cross-spawn';
import {
  type Orders,
  PROMPT_LESSON,
  promptOrders,
  SECOND_LESSON,
  secondOrders,
  WAITING_LESSON,
  waitingOrders,
} from './wrapper.js';

/** Two crashes at once are served at once; more wait for a shell to start. */
const WAITING = 2;
/** Milliseconds without a launch before the gap is filled: that takes this process a millisecond or two. */
const QUIET_MS = 30;

/** `pid` is undefined where it could not be started; then `process` says `error`. */
export interface Shell {
  readonly process: ChildProcess;
  /** Takes the target's pid and group, or what is wrong. */
  readonly words: Socket;
  obey(orders: Orders): void;
}

const waiting: Shell[] = [];
let timer: NodeJS.Timeout | null = null;
let takenAt = Number.NEGATIVE_INFINITY;

/** One that has learned its lesson, and keeps this process alive until it ends. Those that wait end when we do. */
export function takeShell(): Shell {
  takenAt = performance.now();
  const shell = waiting.shift() ?? promptShell();
  hold(shell, 'ref');
  refillLater();
  return shell;
}

/** Milliseconds without a launch that make a burst one that is over. */
const CALM_MS = 200;

/** Whether nobody waits for a target: what can wait is done then. */
export const isCalm = (): boolean => performance.now() - takenAt >= CALM_MS;

function refillLater(): void {
  if (timer) return void timer.refresh();
  timer = setTimeout(refill, QUIET_MS).unref();
}

function refill(): void {
  timer = null;
  if (waiting.length >= WAITING) return;
  const shell = spareShell();
  if (shell?.process.pid === undefined) return;
  hold(shell, 'unref');
  shell.process.once('exit', () => {
    const at = waiting.indexOf(shell);
    if (at !== -1) waiting.splice(at, 1);
  });
  waiting.push(shell);
  refillLater();
}

/** What can't be had now is not missed before the next launch, which then says why. */
function spareShell(): Shell | null {
  try {
    return waitingShell();
  } catch {
    return null;
  }
}

/** One that was not waiting. */
export function promptShell(): Shell {
  const child = startShell(['pipe', 'ignore', 'ignore', 'pipe']);
  write(child, 0, PROMPT_LESSON);
  const obey = (orders: Orders): void => write(child, 0, promptOrders(orders), 'end');
  return { process: child, words: child.stdio?.[3] as Socket, obey };
}

function waitingShell(): Shell {
  const child = startShell(['pipe', 'ignore', 'ignore', 'pipe', 'pipe']);
  write(child, 0, WAITING_LESSON);
  write(child, 4, SECOND_LESSON);
  const obey = (orders: Orders): void => {
    write(child, 4, secondOrders(orders), 'end');
    write(child, 0, waitingOrders(orders), 'end');
  };
  return { process: child, words: child.stdio?.[3] as Socket, obey };
}

/** Of an empty environment: what is in ours is not every target's business. */
function startShell(stdio: ('pipe' | 'ignore')[]): ChildProcess {
  const child = spawn('/bin/sh', [], { env: {}, detached: true, stdio });
  // Without a descriptor left it has no stdio at all.
  for (const it of [child, ...(child.stdio ?? [])]) it?.on('error', () => {}); // told by whoever launches
  return child;
}

function write(child: ChildProcess, to: number, text: string, last: 'end' | 'write' = 'write'): void {
  if (child.pid !== undefined) (child.stdio[to as 0] as Socket)[last](text);
}

function hold({ process: child }: Shell, how: 'ref' | 'unref'): void {
  if (child.pid === undefined) return;
  child[how]();
  for (const pipe of child.stdio) (pipe as Socket | null)?.[how]();
}
