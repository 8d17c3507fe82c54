/** Who the target of a data directory is, by which token it was launched, and how it ended. */
import { constants } from 'node:os';
import type { ProcessIdentity } from './identity.js';
import { randomHex } from './random.js';
import type { Exit } from './spawn.js';
import { readTargetFile, writeToken, writeWho } from './target-file.js';

export interface TargetRecord extends ProcessIdentity {
  /** Of the launch; its exit is recorded under the same. */
  readonly token: string;
  readonly group: number;
  /** The pid of the shim or wrapper that records its end; null where nobody does. */
  readonly keeper: number | null;
  /** When it was launched: milliseconds since the epoch. Its process may have waited for that. */
  readonly launchedAt: number;
  /** Null where its leaf had decided nothing. */
  readonly fate: Fate | null;
}

/**
 * What its leaf has decided about a target, for the next one where it is ended over that: `stopped` in order with the leaf itself;
 * ended for a `restart`; ended for a failed probe or a limit (`unhealthy`); or ended by itself, and `given-up`.
 */
export type Fate = 'stopped' | 'restart' | 'unhealthy' | 'given-up';
const FATES: readonly string[] = ['stopped', 'restart', 'unhealthy', 'given-up'] satisfies Fate[];

/** Nobody can be under way to become the target: each has had its token before its orders, and becomes nothing without it. */
export const neverLaunched = (dataDir: string): boolean => readTargetFile(dataDir) === null;

/** Null where there is none, or one that was cut off in the writing. */
export function readRecord(dataDir: string): TargetRecord | null {
  const who = readTargetFile(dataDir)?.who ?? '';
  const [pid, startTime, bootId, token, group, by, at, fate, ...more] = who.split(' ');
  const [own = 0, leader = 0, keeper = 0] = [pid, group, by].map(Number);
  const whole =
    [own, leader].every(number => Number.isSafeInteger(number) && number > 1) && more.length === 0;
  if (!whole || !(keeper > 0) || !(Number(at) > 0)) return null;
  if (fate !== undefined && !FATES.includes(fate)) return null;
  const identity = { pid: own, startTime: startTime as string, bootId: bootId as string };
  // One that had ended before its target looked for it: an init has that place.
  const none = keeper === 1 ? null : keeper;
  const how = { keeper: none, launchedAt: Number(at), fate: (fate ?? null) as Fate | null };
  return { ...identity, token: token as string, group: leader, ...how };
}

/** Of the target that is recorded here, if one is. @throws the error of the file system */
export function recordFate(dataDir: string, fate: Fate): void {
  const record = readRecord(dataDir);
  if (record !== null) writeWho(dataDir, `${words(record)} ${fate}`);
}

/** As it has recorded itself, or should have. */
export const writeRecord = (dataDir: string, record: TargetRecord): void => writeWho(dataDir, words(record));

const words = ({ pid, startTime, bootId, token, group, keeper, launchedAt }: TargetRecord): string =>
  [pid, startTime, bootId, token, group, keeper ?? 1, launchedAt].join(' ');

/** How the launch of this token ended; null where that was not recorded. */
export function readExit(dataDir: string, token: string): Exit | null {
  const [of, status = ''] = (readTargetFile(dataDir)?.end ?? '').split(' ');
  return of === token ? exitFrom(status) : null;
}

/**
 * From here on nobody with an earlier token becomes the target. Written in place, in a file of a few bytes: nothing for
 * which a thread would have to wait.
 */
export function newToken(dataDir: string, why: 'launch' | 'look'): string {
  return tokenFor(dataDir, why).token;
}

/** As above. `isFirst`: there was no file, and nobody who knows another token can write to this one. */
export function tokenFor(dataDir: string, why: 'launch' | 'look'): { token: string; isFirst: boolean } {
  const token = randomHex();
  return { token, isFirst: writeToken(dataDir, token, why) };
}

const SIGNALS = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number, name as NodeJS.Signals]),
);

/**
 * A shim says `=143` of an exit code and `-15` of a signal. A shell knows only 143, of both: 128 + n is what it says of what signal
 * n ended (POSIX, 2.8.2). Null: neither.
 */
export function exitFrom(status: string): Exit | null {
  const [, how = '', digits] = /^([=-]?)(\d+)$/.exec(status) ?? [];
  if (digits === undefined) return null;
  const number = Number(digits);
  const signal = how === '=' ? undefined : SIGNALS.get(how === '-' ? number : number - 128);
  return signal ? { code: null, signal } : { code: how === '-' ? 128 + number : number, signal: null };
}
