/** A node process that outlives who started it, and says over IPC when it is up. */

import { type ChildProcess, spawn } from 'node:child_process';
import { openOutput } from './output.js';

/** `pending` is the last word of one that still was not up when the time was over; it goes on. */
export type DaemonOutcome = 'ready' | { failed: string } | { pending: string };

export interface DaemonOptions {
  /** A JavaScript file for this same Node. */
  script: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  /** Takes stdout and stderr, appended. */
  logFile: string;
  cwd?: string;
  /** Milliseconds to wait for its word; 30,000 where left out. */
  waitMs?: number;
}

type Report = { type: 'ready' } | { type: 'failed' | 'pending'; message: string };

/**
 * Starts a daemon and waits until it reports, exits, or the time is over; then lets go of it.
 * @throws the error of the file system where the log can't be opened
 */
export async function spawnDaemon(options: DaemonOptions): Promise<{ pid: number; outcome: DaemonOutcome }> {
  const log = await openOutput(options.logFile);
  try {
    const child = spawn(process.execPath, [options.script, ...options.args], {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
    });
    const outcome = await firstWord(child, options);
    if (child.connected) child.disconnect();
    child.removeAllListeners();
    // A failed kill or send after this is nobody's concern.
    child.on('error', () => {});
    child.unref();
    return { pid: child.pid ?? -1, outcome };
  } finally {
    await log.close();
  }
}

function firstWord(child: ChildProcess, { logFile, waitMs = 30_000 }: DaemonOptions): Promise<DaemonOutcome> {
  return new Promise(resolve => {
    let progress = 'it has not reported yet';
    const settle = (outcome: DaemonOutcome): void => {
      clearTimeout(timer);
      resolve(outcome);
    };
    const timer = setTimeout(() => settle({ pending: progress }), waitMs);
    child.on('message', message => {
      const report = message as Report;
      if (report.type === 'ready') settle('ready');
      else if (report.type === 'failed') settle({ failed: report.message });
      else if (report.type === 'pending') progress = report.message;
    });
    child.once('error', error => settle({ failed: error.message }));
    // `close` comes after the last message, `exit` may come before it.
    child.once('close', (code, signal) => {
      const how = signal ? `was ended by ${signal}` : `exited with code ${code}`;
      settle({ failed: `it ${how} before it was up; see ${logFile}` });
    });
  });
}

/** The daemon's half: each does nothing where nobody waits for it. */
export const reportReady = (): void => report({ type: 'ready' });
export const reportFailed = (message: string): void => report({ type: 'failed', message });
export const reportPending = (message: string): void => report({ type: 'pending', message });

function report(message: Report): void {
  // Who started us may be gone in the middle of it: the callback takes that error.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}
