/** Takes over the target that an earlier leaf has left: running, or how it ended. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { bootId, type ProcessIdentity, processIdentity, sameProcess } from './identity.js';
import { processAlive, signalProcess } from './signals.js';
import type { Exit, RunningProcess } from './spawn.js';
import { statOf } from './stat.js';
import { readTargetFile } from './target-file.js';
import {
  type Fate,
  neverLaunched,
  newToken,
  readExit,
  readRecord,
  type TargetRecord,
} from './target-record.js';

/** Milliseconds between two looks at a process that is not our child. */
const LOOK_MS = 100;
/** So many looks ask only whether the pid is taken; then one whether it is still the same process, and no zombie. */
const QUICK_LOOKS = 9;

/** How one ended that nobody was there to see. */
export interface Ended extends Exit {
  /** Milliseconds that it ran; where its end was not recorded, those since it began. */
  readonly ranMs: number;
  /** What its leaf had decided about it. */
  readonly fate: Fate | null;
}

/** `ended` is null where nothing follows from that end: its own leaf had stopped it, or the machine went down. */
export type Found = { running: RunningProcess; fate: Fate | null } | { ended: Ended | null; group: number };

/** Null where it left none. */
export async function adoptTarget(dataDir: string): Promise<Found | null> {
  if (neverLaunched(dataDir)) return null;
  // First the token: whoever has not looked at it yet will not become the target any more.
  newToken(dataDir, 'look');
  const record = readRecord(dataDir);
  if (!record) return null;
  const running = await runningAs(record, dataDir);
  if (running) return { running, fate: record.fate };
  return { ended: await howItEnded(record, dataDir), group: record.group };
}

/** That is recorded here; null where none is, or it does not live. */
export async function livingTarget(dataDir: string): Promise<RunningProcess | null> {
  const record = readRecord(dataDir);
  return record && processAlive(record.pid) ? runningAs(record, dataDir) : null;
}

async function runningAs(record: TargetRecord, dataDir: string): Promise<RunningProcess | null> {
  if (!(await sameProcess(record))) return null;
  const { pid, group } = record;
  const startedAt = Date.now() - ranBy(Date.now(), record);
  const startTicks = process.platform === 'linux' ? record.startTime : null;
  return { pid, group, startTicks, startedAt, exited: gone(record, dataDir) };
}

async function howItEnded(record: TargetRecord, dataDir: string): Promise<Ended | null> {
  const { fate } = record;
  if (fate === 'stopped' || fate === 'restart' || record.bootId !== bootId()) return null;
  const exit = await recordedExit(record, dataDir);
  const isKnown = exit.code !== null || exit.signal !== null;
  // Where one process can't be told from another, it may live.
  if (!isKnown && process.platform !== 'linux') return null;
  const until = isKnown ? (readTargetFile(dataDir)?.writtenAt ?? 0) : Date.now();
  return { ...exit, ranMs: ranBy(until, record), fate };
}

/** Milliseconds that it had run by then: no more than its process had lived, whatever was done to the clock. */
const ranBy = (at: number, record: TargetRecord): number =>
  Math.max(0, Math.round(Math.min(at - record.launchedAt, ageOf(record))));

/** Waits for a process that is not our child. Never rejects: where nobody can be looked for now (EMFILE), it may be there. */
export async function gone(record: TargetRecord, dataDir: string): Promise<Exit> {
  // What was killed together with its shim may take a moment.
  for (let look = 0; look < QUICK_LOOKS && (await mayLive(record)); look++) await pause(LOOK_MS / 5);
  while (await mayLive(record)) {
    for (let look = 0; look <= QUICK_LOOKS && processAlive(record.pid); look++) await pause(LOOK_MS);
  }
  return recordedExit(record, dataDir);
}

/** A pid that nobody has needs no look at whose it is: that may be denied (EMFILE) for ever. */
const mayLive = async (record: ProcessIdentity): Promise<boolean> =>
  processAlive(record.pid) && (await sameProcess(record).catch(() => true));

/** The shim writes it after the target is gone: while that one lives it is worth waiting. */
async function recordedExit(record: TargetRecord, dataDir: string): Promise<Exit> {
  const { token, keeper } = record;
  continueKeeper(record);
  for (let look = 0; look < 100; look++) {
    const isGone = keeper === null || (await processIdentity(keeper).catch(() => true)) === null;
    const [exit, isRead] = exitIn(dataDir, token);
    if (exit) return exit;
    if (isGone && isRead) break;
    await pause(LOOK_MS / 5);
  }
  return { code: null, signal: null };
}

/** Somebody may have stopped it: that it keeps this one shows where it has not waited for it yet. */
function continueKeeper({ pid, startTime, keeper }: TargetRecord): void {
  const target = statOf(pid);
  if (keeper === null || target?.parent !== keeper || target.startTicks !== startTime) return;
  if (statOf(keeper)?.state === 'T') signalProcess(keeper, 'SIGCONT');
}

function exitIn(dataDir: string, token: string): [exit: Exit | null, isRead: boolean] {
  try {
    return [readExit(dataDir, token), true];
  } catch {
    return [null, false];
  }
}

/** Milliseconds since a process began; without end where the machine does not tell. */
function ageOf({ startTime }: ProcessIdentity): number {
  if (process.platform !== 'linux') return Number.POSITIVE_INFINITY;
  const uptime = Number.parseFloat(readFileSync('/proc/uptime', 'utf8'));
  return Math.max(0, Math.round(uptime * 1000 - Number(startTime) * 10));
}
