/** Who asks the eyes at the root. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const EYES = fileURLToPath(new URL('./eyes.js', import.meta.url));

export interface Wanted {
  readonly path: string;
  readonly status: string;
}

/** When it was seen, by which way: milliseconds by the clock of the machine. */
export interface Sight {
  readonly rest: number;
  readonly sse: number;
}

export interface Asked {
  readonly n: number;
  readonly see?: Wanted;
  readonly method?: string;
  readonly path?: string;
  readonly body?: unknown;
}

interface Line {
  readonly n: number;
  readonly ready?: true;
  readonly body?: unknown;
}

export class Sights {
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;
  private readonly waiting = new Map<number, { ready: () => void; done: (body: unknown) => void }>();
  private asked = 0;

  /** `on`: words before the command. */
  constructor(on: readonly string[], env: NodeJS.ProcessEnv, url: string) {
    const [command = '', ...words] = [...on, process.execPath, EYES, url];
    this.child = spawn(command, words, { env, stdio: ['pipe', 'pipe', 'inherit'] });
    let rest = '';
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.take(JSON.parse(line) as Line);
    });
  }

  /** Resolves once it is looked out for; `seen` when it is there. */
  async see(path: string, status: string): Promise<{ seen: Promise<Sight> }> {
    const { ready, done } = this.send({ see: { path, status } });
    await ready;
    return { seen: done as Promise<Sight> };
  }

  ask(method: string, path: string, body?: unknown): Promise<unknown> {
    return this.send({ method, path, body }).done;
  }

  close(): void {
    this.child.stdin.end();
  }

  private send(what: Omit<Asked, 'n'>): { ready: Promise<void>; done: Promise<unknown> } {
    const n = ++this.asked;
    const [ready, done] = [later<void>(), later<unknown>()];
    this.waiting.set(n, { ready: ready.resolve, done: done.resolve });
    this.child.stdin.write(`${JSON.stringify({ n, ...what })}\n`);
    return { ready: ready.promise, done: done.promise };
  }

  private take({ n, ready, body }: Line): void {
    const asker = this.waiting.get(n);
    if (ready) return asker?.ready();
    asker?.done(body);
    this.waiting.delete(n);
  }
}

function later<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>(done => {
    resolve = done;
  });
  return { promise, resolve };
}
