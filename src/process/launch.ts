/** Starts a target under the wrapper, or adopts the one that an earlier leaf has left. */

import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import spawn from 'cross-spawn';
import { bootId, type ProcessIdentity, processIdentity, sameProcess } from './identity.js';
import { type Exit, type RunningProcess, SpawnError } from './spawn.js';
import { readExit, readRecord, shellExit, type TargetRecord } from './target-record.js';
import { NOT_FOUND, RECORD_BYTES, WRAPPER } from './wrapper.js';

export interface LaunchOptions {
  readonly words: readonly string[];
  readonly dataDir: string;
  readonly env: NodeJS.ProcessEnv;
  /** Opened for appending; takes stdout and stderr. */
  readonly output: number;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Octal, such as 027. */
  readonly umask?: string;
  /** A cgroup v2 directory of its own, where there are any. */
  readonly cgroup?: string;
}

/** Milliseconds between two looks at a process that is not our child. */
const LOOK_MS = 100;

/**
 * Resolves when the target is about to run as `pid`.
 * @throws SpawnError where it can't be run
 */
export async function launchTarget(options: LaunchOptions): Promise<RunningProcess> {
  const { words, dataDir, env, output, cwd, uid, gid, umask = '', cgroup = '' } = options;
  const program = words[0];
  if (!program) throw new SpawnError('', 'EINVAL', 'the command is empty');
  const token = await newToken(dataDir);
  const pwd = env.PWD === undefined ? '' : `=${env.PWD}`;
  const own = [dataDir, token, await bootId(), cgroup, umask, pwd, program];
  const args = ['-c', WRAPPER, 'canopy', ...own, ...restored(env), ...words];
  const stdio = ['ignore', output, output, 'pipe'] as const;
  const ids = { ...(uid !== undefined && { uid }), ...(gid !== undefined && { gid }) };
  const problem = (error: NodeJS.ErrnoException): SpawnError =>
    new SpawnError(program, error.code ?? 'UNKNOWN', cwd ? `${error.message} (in ${cwd})` : error.message);
  let child: ChildProcess;
  try {
    child = spawn('/bin/sh', args, { env, detached: true, stdio: [...stdio], ...(cwd && { cwd }), ...ids });
  } catch (error) {
    throw problem(error as NodeJS.ErrnoException);
  }
  const failed = new Promise<never>((_, reject) => child.on('error', error => reject(problem(error))));
  const ended = new Promise<Exit>(resolve => {
    child.once('exit', (code, signal) => resolve(signal ? { code: null, signal } : shellExit(code ?? 0)));
  });
  if (child.pid === undefined) return failed;
  const said = await Promise.race([firstWord(child.stdio[3] as Readable), failed]);
  if (said === NOT_FOUND) throw new SpawnError(program, 'ENOENT', 'not found, or not executable (ENOENT)');
  const [pid = 0, group = 0] = said.split(' ').map(Number);
  if (!Number.isSafeInteger(pid) || pid <= 1) throw new SpawnError(program, 'EIO', 'its wrapper ended first');
  return { pid, group, startedAt: Date.now(), exited: exitOf(ended, { pid, group }, dataDir, token) };
}

/** A shell drops or changes these of the environment, so that another program has to set them after it. */
function restored(env: NodeJS.ProcessEnv): string[] {
  const lost = Object.entries(env).filter(
    ([name, value]) => value !== undefined && (!/^[A-Za-z_]\w*$/.test(name) || SHELLS_OWN.has(name)),
  );
  return lost.length === 0 ? [] : ['/usr/bin/env', ...lost.map(([name, value]) => `${name}=${value}`)];
}
const SHELLS_OWN = new Set(['IFS', 'OPTIND', 'PPID']);

/** The wrapper's exit is the target's, unless somebody killed the wrapper alone. */
async function exitOf(
  ended: Promise<Exit>,
  { pid, group }: { pid: number; group: number },
  dataDir: string,
  token: string,
): Promise<Exit> {
  const identity = await processIdentity(pid);
  const exit = await ended;
  // The signal that ended the wrapper ended the target too, maybe a moment later, or it lives on without one.
  for (let look = 0; look < 10; look++) {
    if (!identity || !(await sameProcess(identity))) return exit;
    await pause(LOOK_MS / 5);
  }
  return gone({ ...identity, token, group } as TargetRecord, dataDir);
}

/** The target that an earlier leaf left behind: running, or how it ended; null where it left none. */
export async function adoptTarget(
  dataDir: string,
): Promise<{ running: RunningProcess } | { ended: Exit; group: number } | null> {
  // First the token: a wrapper that has not looked at it yet will not become the target any more.
  const record = await newToken(dataDir).then(() => readRecord(dataDir));
  if (!record) return null;
  const { pid, group } = record;
  if (!(await sameProcess(record))) return { ended: await recordedExit(record, dataDir), group };
  const startedAt = Date.now() - (await ageOf(record));
  return { running: { pid, group, startedAt, exited: gone(record, dataDir) } };
}

/** Waits for a process that is not our child. */
async function gone(record: TargetRecord, dataDir: string): Promise<Exit> {
  while (await sameProcess(record)) await pause(LOOK_MS);
  return recordedExit(record, dataDir);
}

/** The wrapper writes it after the target is gone: while that one lives it is worth waiting. */
async function recordedExit({ token, group }: TargetRecord, dataDir: string): Promise<Exit> {
  for (let look = 0; look < 100; look++) {
    const exit = await readExit(dataDir, token);
    if (exit) return exit;
    if (look >= 5 && (await processIdentity(group)) === null) break;
    await pause(LOOK_MS / 5);
  }
  return { code: null, signal: null };
}

/** Milliseconds that a process has lived; 0 where the machine does not tell. */
async function ageOf({ startTime }: ProcessIdentity): Promise<number> {
  if (process.platform !== 'linux') return 0;
  const uptime = Number.parseFloat(await readFile('/proc/uptime', 'utf8'));
  return Math.max(0, Math.round(uptime * 1000 - Number(startTime) * 10));
}

async function newToken(dataDir: string): Promise<string> {
  const token = randomBytes(8).toString('hex');
  for (const name of ['target.pid', 'target.exit']) await prepare(join(dataDir, name));
  const file = await prepare(join(dataDir, 'target.token'));
  const handle = await open(file, 'r+');
  try {
    await handle.write(token.padEnd(RECORD_BYTES - 1).concat('\n'), 0);
  } finally {
    await handle.close();
  }
  return token;
}

/** Makes a record of blanks where there is none. */
async function prepare(file: string): Promise<string> {
  await writeFile(file, `${' '.repeat(RECORD_BYTES - 1)}\n`, { flag: 'wx' }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    },
  );
  return file;
}

function firstWord(stream: Readable): Promise<string> {
  return new Promise(resolve => {
    let text = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) done();
    });
    const done = (): void => {
      stream.destroy();
      resolve(text.trim());
    };
    stream.once('close', () => resolve(text.trim())).once('error', () => resolve(text.trim()));
  });
}
