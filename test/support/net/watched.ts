/** The watcher on a machine of the test, from here. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Look } from './model.js';

const WATCHER = fileURLToPath(new URL('./watcher.js', import.meta.url));

export interface Answer {
  /** 0: there was none. */
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever came; the tests say what it should be
  readonly body: any;
}

type Line = Omit<Look, 'observer'> | ({ readonly n: number } & Answer);

export class Watcher {
  onLook: (look: Omit<Look, 'observer'>) => void = () => {};
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private asked = 0;

  /** `on`: words before the command; `url`: of the node's REST, from there. */
  constructor(on: readonly string[], env: NodeJS.ProcessEnv, url: string) {
    const [command = '', ...words] = [...on, process.execPath, WATCHER, url];
    this.child = spawn(command, words, { env, stdio: ['pipe', 'pipe', 'inherit'] });
    // It is ended with the test.
    this.child.stdin.on('error', () => {});
    let rest = '';
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.take(JSON.parse(line) as Line);
    });
  }

  ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const n = ++this.asked;
    this.child.stdin.write(`${JSON.stringify({ n, method, path, body })}\n`);
    return new Promise(resolve => this.waiting.set(n, resolve));
  }

  private take(line: Line): void {
    if (!('n' in line)) return this.onLook(line);
    this.waiting.get(line.n)?.(line);
    this.waiting.delete(line.n);
  }
}
