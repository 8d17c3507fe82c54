/** A thread that tries regular expressions, one after the other, none for longer than it may. */
import { Worker } from 'node:worker_threads';
import { CanopyError } from '../core/errors.js';
import type { Matches } from './matcher.js';

/** Milliseconds after which a thread that nobody needs is ended. */
const IDLE_MS = 10_000;

export interface Search {
  readonly pattern: string;
  readonly bytes: Buffer;
  /** From when its turn has come. */
  readonly limitMs: number;
}

export interface Outcome {
  /** Null where it took too long, was cut, or failed. */
  readonly matches: Matches | null;
  readonly error: Error | null;
  /** That it took when its turn had come. */
  readonly ms: number;
}

interface Job extends Search {
  readonly done: (outcome: Outcome) => void;
}

export class SearchThread {
  private readonly queue: Job[] = [];
  private current: Job | null = null;
  private startedAt = 0;
  private worker: Worker | null = null;
  private timer: NodeJS.Timeout | undefined;

  /** `most`: searches that may wait for their turn. */
  constructor(private readonly most: number) {}

  /** Throws `grep-busy` where as many wait already as may. */
  async search(search: Search, cut: AbortSignal): Promise<Outcome> {
    if (cut.aborted) return { matches: null, error: null, ms: 0 };
    if (this.current !== null && this.queue.length >= this.most)
      throw new CanopyError(
        'grep-busy',
        `grep: expected at most ${this.most} expressions that wait for their turn at this leaf; try again later, or with fixed`,
      );
    return new Promise(resolve => {
      const done = (outcome: Outcome): void => {
        cut.removeEventListener('abort', leave);
        resolve(outcome);
      };
      const job: Job = { ...search, done };
      const leave = (): void => this.leave(job);
      cut.addEventListener('abort', leave, { once: true });
      this.queue.push(job);
      if (this.current === null) this.next();
    });
  }

  /** Nobody waits for it any more. */
  private leave(job: Job): void {
    const at = this.queue.indexOf(job);
    if (at !== -1) {
      this.queue.splice(at, 1);
      job.done({ matches: null, error: null, ms: 0 });
    } else if (this.current === job) this.giveUp();
  }

  private next(): void {
    clearTimeout(this.timer);
    this.current = this.queue.shift() ?? null;
    if (this.current === null) {
      this.timer = setTimeout(() => this.end(), IDLE_MS).unref();
      return;
    }
    const { pattern, bytes, limitMs } = this.current;
    const count = (): void => {
      this.startedAt = performance.now();
      this.timer = setTimeout(() => this.giveUp(), limitMs);
    };
    // What the thread takes to begin, on a busy machine longer than a quick one may, is not the expression's.
    if (this.worker === null) this.worker = this.begin(count);
    else count();
    this.worker.ref();
    this.worker.postMessage({ pattern, bytes });
  }

  private giveUp(): void {
    this.end();
    this.settle(null, null);
  }

  private settle(matches: Matches | null, error: Error | null): void {
    const job = this.current;
    const ms = performance.now() - this.startedAt;
    this.worker?.unref();
    this.next();
    job?.done({ matches, error, ms });
  }

  private end(): void {
    void this.worker?.terminate();
    this.worker = null;
  }

  private begin(isReady: () => void): Worker {
    this.startedAt = performance.now();
    // By its text: in a bundle there is no file of its own to name.
    const made = new Worker(`(${search})()`, { eval: true });
    made.once('online', () => {
      if (made === this.worker) isReady();
    });
    made.on('message', (matches: Matches) => {
      if (made === this.worker) this.settle(matches, null);
    });
    made.on('error', error => {
      if (made !== this.worker) return;
      this.worker = null;
      this.settle(null, error as Error);
    });
    return made;
  }
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
