/** A shell that has learned its lesson and waits for orders; it tells what comes of them, line by line, on descriptor 3. */
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import spawn from 'cross-spawn';

export interface Listener {
  told(line: string): void;
  /** It could not be started. */
  failed(error: NodeJS.ErrnoException): void;
  /** Words of others who have its descriptors may still come. */
  ended(): void;
  /** Nobody is left who could tell anything. */
  closed(code: number | null, signal: NodeJS.Signals | null): void;
}

/** To whom: the shell itself, or on descriptor 4 one that it starts. */
export type Ear = 0 | 4;

export class TaughtShell {
  private readonly child: ChildProcess;

  /** It keeps this process alive only while it is held. `apprentice`: what is taught to the second one, if there is to be one. */
  constructor(lesson: string, apprentice: string | null, listener: Listener) {
    const stdio: ('pipe' | 'ignore')[] = ['pipe', 'ignore', 'ignore', 'pipe'];
    if (apprentice !== null) stdio.push('pipe');
    // Of an empty environment: what is in ours is not every target's business.
    this.child = spawn('/bin/sh', [], { env: {}, detached: true, stdio });
    // Without a descriptor left it has no stdio at all; what is wrong is told by its own error.
    for (const pipe of this.child.stdio ?? []) pipe?.on('error', () => {});
    this.child.once('error', (error: NodeJS.ErrnoException) => listener.failed(error));
    this.child.once('exit', () => listener.ended());
    if (!this.isStarted) return;
    this.child.once('close', (code, signal) => listener.closed(code, signal));
    createInterface({ input: this.child.stdio[3] as Socket }).on('line', line => listener.told(line));
    this.say(lesson);
    if (apprentice !== null) this.say(apprentice, 4);
    this.hold(false);
  }

  get isStarted(): boolean {
    return this.pid !== null;
  }

  /** Null where it could not be started. */
  get pid(): number | null {
    return this.child.pid ?? null;
  }

  say(text: string, to: Ear = 0, last: 'last' | 'not last' = 'not last'): void {
    if (this.isStarted) (this.child.stdio[to as 0] as Socket)[last === 'last' ? 'end' : 'write'](text);
  }

  hold(held: boolean): void {
    if (!this.isStarted) return;
    const how = held ? 'ref' : 'unref';
    this.child[how]();
    for (const pipe of this.child.stdio) (pipe as Socket | null)?.[how]();
  }

  /** What it has forked goes on, and is heard. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  /** Whoever waits to be told something through it ends. */
  hangUp(): void {
    for (const pipe of this.child.stdio ?? []) pipe?.destroy();
  }
}
