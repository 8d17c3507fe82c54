/** `canopy start|stop|restart|status`: one node as a daemon, found again by the pid file in its data directory. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pidFileOf } from '../compose/node.js';
import { environment } from '../config/environment.js';
import { loadNode } from '../config/load.js';
import { ConfigError } from '../config/problems.js';
import type { NodeSettings } from '../config/settings.js';
import { pathProblem } from '../core/names.js';
import { announceRestart, withdrawRestart } from '../node/announced.js';
import { livingTarget } from '../process/adopt.js';
import { spawnDaemon } from '../process/daemon.js';
import { type ProcessIdentity, sameProcess } from '../process/identity.js';
import { holderOf } from '../process/node-lock.js';
import { readPidFile } from '../process/pid-file.js';
import { signalProcess } from '../process/signals.js';
import { CliError, EXIT } from './exit.js';
import { say, type View } from './print.js';

/** Milliseconds that a node may take until its parent has heard it. */
const UP_MS = 15_000;
/** Milliseconds beyond the grace period that a node may take to be gone. */
const GONE_MARGIN_MS = 15_000;

type Verb = 'start' | 'stop' | 'restart' | 'status';

function load(file: string | undefined, verb: Verb): NodeSettings {
  try {
    return loadNode({ ...(file && { file }), env: environment(), cwd: process.cwd() }).settings;
  } catch (error) {
    const isUnread = error instanceof ConfigError && error.problems[0]?.code === 'unreadable';
    if (!isUnread || file === undefined || pathProblem(file) !== null) throw error;
    const words = verb === 'status' ? `get ${file}` : `cmd ${file} ${verb}`;
    throw new CliError(EXIT.usage, `${error.message}; for a node of a tree that runs: canopy ${words}`);
  }
}

const logFileOf = (settings: NodeSettings): string =>
  settings.logFile ?? join(settings.dataDir, 'canopy.log');

export async function start(file: string | undefined, view: View): Promise<void> {
  const settings = load(file, 'start');
  const { name } = settings;
  const running = await holderOf(pidFileOf(settings));
  if (running !== null)
    throw new CliError(EXIT.failed, `already-running: ${name} runs as process ${running.pid}`);
  const logFile = logFileOf(settings);
  const script = process.argv[1] as string;
  const args = ['run', ...(file === undefined ? [] : [file])];
  const { pid, outcome } = await spawnDaemon({ script, args, env: environment(), logFile, waitMs: UP_MS });
  if (outcome === 'ready')
    return say(view, { name, pid, status: 'up', logFile }, `${name} is up (process ${pid}, log ${logFile})`);
  if ('failed' in outcome) throw new CliError(EXIT.failed, `${name} did not start: ${outcome.failed}`);
  throw new CliError(
    EXIT.failed,
    `${name} runs as process ${pid} and keeps trying, but is not up: ${outcome.pending}`,
  );
}

export async function stop(file: string | undefined, view: View): Promise<void> {
  const settings = load(file, 'stop');
  const { name } = settings;
  const held = (await holderOf(pidFileOf(settings))) ?? (await overTarget(settings, file, view));
  if (held === null) return say(view, { name, status: 'stopped' }, `${name} is not running`);
  const { pid } = held;
  signalProcess(pid, 'SIGINT'); // TERM would leave it a target that it is set to keep
  const deadline = performance.now() + settings.stopGrace * 1000 + GONE_MARGIN_MS;
  // The process itself, and not its pid file: that goes a moment earlier.
  while (await sameProcess(held)) {
    if (performance.now() > deadline)
      throw new CliError(EXIT.failed, `${name} (process ${pid}) has not ended in time`);
    await pause(20);
  }
  say(view, { name, pid, status: 'stopped' }, `${name} is stopped`);
}

/** A target that was kept, or whose leaf was killed, is ended by a leaf as it is to be ended; null where there is none. */
async function overTarget(
  settings: NodeSettings,
  file: string | undefined,
  view: View,
): Promise<ProcessIdentity | null> {
  const target = settings.role === 'leaf' ? await livingTarget(settings.dataDir) : null;
  if (target === null) return null;
  // Whether or not its parent hears of it.
  const started = start(file, { ...view, quiet: true });
  const why = await started.then(
    () => 'it ended at once',
    (error: Error) => error.message,
  );
  const held = await holderOf(pidFileOf(settings));
  if (held === null)
    throw new CliError(
      EXIT.failed,
      `${settings.name} is not running, but its target (process ${target.pid}) is: ${why}`,
    );
  return held;
}

export async function restart(file: string | undefined, view: View): Promise<void> {
  const settings = load(file, 'restart');
  const { pid = null } = (await holderOf(pidFileOf(settings))) ?? {};
  // Its goodbye says that it is back soon: no outage, unless it is not.
  if (pid !== null) announceRestart(settings.dataDir, pid);
  await stop(file, { ...view, quiet: view.json === true }).catch(error => {
    withdrawRestart(settings.dataDir);
    throw error;
  });
  await start(file, view);
}

export async function status(file: string | undefined, view: View): Promise<void> {
  const settings = load(file, 'status');
  const { name, role } = settings;
  const pidFile = pidFileOf(settings);
  const { pid = null } = (await holderOf(pidFile)) ?? {};
  const held = await readPidFile(pidFile);
  const stale = pid === null && held !== null;
  const note = stale ? ` (a stale pid file of process ${held === 'corrupt' ? '?' : held.pid} is left)` : '';
  const text =
    pid === null ? `${name} (${role}) is not running${note}` : `${name} (${role}) runs as process ${pid}`;
  say(
    view,
    { name, role, status: pid === null ? 'stopped' : 'running', pid, stale, logFile: logFileOf(settings) },
    text,
  );
  if (pid === null) process.exitCode = EXIT.noAnswer;
}
