/** Regular expressions on a thread of their own: one that takes for ever holds up nobody but itself. */
import { Worker } from 'node:worker_threads';
import { CanopyError } from '../core/errors.js';
import type { Matcher, Matches } from './matcher.js';

/** Milliseconds that an expression may take, and what each byte that it has gone through adds: 10 MB/s are always enough. */
const LIMIT_MS = 2000;
const MS_PER_BYTE = 1e-4;
/** Milliseconds after which a thread that nobody needs is ended. */
const IDLE_MS = 10_000;

interface Job {
  readonly pattern: string;
  readonly bytes: Buffer;
  readonly limitMs: number;
  /** An error: what became of it over there; null: it took too long. */
  readonly done: (matches: Matches | Error | null) => void;
}

export class RegexSearch implements Matcher {
  private leftMs = LIMIT_MS;

  constructor(private readonly pattern: string) {}

  async match(bytes: Buffer): Promise<Matches> {
    const { pattern, leftMs: limitMs } = this;
    const from = performance.now();
    let started = from;
    const matches = await new Promise<Matches | Error | null>(done => {
      queue.push({ pattern, bytes, limitMs, done });
      if (current === null) next();
      started = performance.now();
    });
    this.leftMs -= performance.now() - started - bytes.length * MS_PER_BYTE;
    if (matches instanceof Error)
      throw new CanopyError('grep-failed', `grep: the expression can't be tried: ${matches.message}`);
    if (matches === null || this.leftMs <= 0)
      throw new CanopyError(
        'grep-failed',
        `grep: the expression took longer than ${LIMIT_MS / 1000} s on these lines; expected a simpler one, or fixed`,
      );
    return matches;
  }
}

const queue: Job[] = [];
let current: Job | null = null;
let worker: Worker | null = null;
let timer: NodeJS.Timeout | undefined;

function next(): void {
  clearTimeout(timer);
  current = queue.shift() ?? null;
  if (current === null) {
    timer = setTimeout(end, IDLE_MS).unref();
    return;
  }
  worker ??= begin();
  worker.ref();
  timer = setTimeout(() => {
    end();
    settle(null);
  }, current.limitMs);
  worker.postMessage({ pattern: current.pattern, bytes: current.bytes });
}

function settle(matches: Matches | Error | null): void {
  const job = current;
  worker?.unref();
  next();
  job?.done(matches);
}

function end(): void {
  void worker?.terminate();
  worker = null;
}

function begin(): Worker {
  // By its text: in a bundle there is no file of its own to name.
  const made = new Worker(`(${search})()`, { eval: true });
  made.on('message', (matches: Matches) => {
    if (made === worker) settle(matches);
  });
  made.on('error', error => {
    if (made !== worker) return;
    worker = null;
    settle(error);
  });
  return made;
}

/** Runs over there, where nothing of this file is. */
function search(): void {
  // A bundler puts a function of its own in the place of `require`, which is not there either.
  const { parentPort } = process.getBuiltinModule('node:worker_threads');
  let last = { pattern: '', regex: /^/ };
  parentPort?.on('message', ({ pattern, bytes }: { pattern: string; bytes: Uint8Array }) => {
    if (pattern !== last.pattern) last = { pattern, regex: new RegExp(pattern, 'u') };
    const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const found: number[] = [];
    for (let line = 0, start = 0; start < all.length; line++) {
      const at = all.indexOf(10, start);
      const end = at === -1 ? all.length : at + 1;
      const text = all.toString('utf8', start, at === -1 ? end : at);
      if (last.regex.test(text.endsWith('\r') ? text.slice(0, -1) : text)) found.push(line, start, end);
      start = end;
    }
    parentPort?.postMessage(found);
  });
}
