/** A supervisor under measurement. */
import type { ChildProcess } from 'node:child_process';

export interface Running {
  /** Its own processes are this one and what descends from it, the targets left out. */
  pid(): number;
  /** Where there is one: starts all targets again after `stopAll`. */
  readonly rest?: string;
  stop(): Promise<void>;
}

export const quiet = { stdio: 'ignore', detached: true } as const;

export function running(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Running {
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
  return {
    pid: () => child.pid as number,
    stop: () => {
      child.kill(signal);
      return ended;
    },
  };
}
