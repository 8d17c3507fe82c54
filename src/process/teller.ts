/** A program that is given orders on its standard input and tells what comes of them, line by line, on descriptor 3. */
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import spawn from 'cross-spawn';

export interface Listener {
  told(line: string): void;
  /** It could not be started. */
  failed(error: NodeJS.ErrnoException): void;
  /** Words of others who have its descriptors may still come. */
  ended?(signal: NodeJS.Signals | null): void;
  /** Nobody is left who could tell anything. */
  closed(code: number | null, signal: NodeJS.Signals | null): void;
}

export class Teller {
  private readonly child: ChildProcess;

  /** It keeps this process alive only while it is held. */
  constructor([program = '', ...words]: readonly string[], listener: Listener) {
    // Of an empty environment: what is in ours is not every target's business.
    const stdio = ['pipe', 'ignore', 'ignore', 'pipe'] as const;
    this.child = spawn(program, words, { env: {}, detached: true, stdio: [...stdio] });
    // Without a descriptor left it has no stdio at all; what is wrong is told by its own error.
    for (const pipe of this.child.stdio ?? []) pipe?.on('error', () => {});
    this.child.once('error', (error: NodeJS.ErrnoException) => listener.failed(error));
    this.child.once('exit', (_, signal) => listener.ended?.(signal));
    if (this.pid === null) return;
    this.child.once('close', (code, signal) => listener.closed(code, signal));
    let cut = '';
    (this.child.stdio[3] as Socket).setEncoding('latin1').on('data', (text: string) => {
      const lines = (cut + text).split('\n');
      cut = lines.pop() ?? '';
      for (const line of lines) listener.told(line);
    });
    this.hold(false);
  }

  /** Null where it could not be started. */
  get pid(): number | null {
    return this.child.pid ?? null;
  }

  say(text: string): void {
    if (this.pid !== null) this.child.stdin?.write(text);
  }

  /** There will be no more orders. */
  dismiss(): void {
    if (this.pid !== null) this.child.stdin?.end();
  }

  hold(held: boolean): void {
    if (this.pid === null) return;
    const how = held ? 'ref' : 'unref';
    this.child[how]();
    for (const pipe of this.child.stdio) (pipe as Socket | null)?.[how]();
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }
}
