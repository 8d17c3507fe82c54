/** What can be wrong with a store, and what is done about it. */
import type { ErrorCode } from '../core/errors.js';

export type TroubleCode = Extract<
  ErrorCode,
  'history-corrupt' | 'history-newer' | 'history-locked' | 'history-unwritable'
>;

/** What is told of a store: what is wrong with it, and that nothing is any more. */
export type NewsCode = TroubleCode | Extract<ErrorCode, 'history-writable'>;

export class HistoryTrouble extends Error {
  constructor(
    readonly code: TroubleCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What cannot be read as ours is put aside; what another process holds, or cannot be written, is left where it is. */
export const isPutAside = (code: TroubleCode): boolean =>
  code === 'history-corrupt' || code === 'history-newer';

/** The last is what LevelDB says of a table that is shorter than it has been: it is mapped into memory. */
const CORRUPT = /corrupt|not an sstable|\.(ldb|sst): Invalid argument/i;

/** Of an error of LevelDB, or of the file system. */
export function troubleOf(error: unknown): HistoryTrouble {
  if (error instanceof HistoryTrouble) return error;
  const all = chain(error);
  const message = all.map(each => each.message).at(-1) ?? String(error);
  const codes = all.map(each => (each as NodeJS.ErrnoException).code);
  if (codes.includes('LEVEL_LOCKED')) {
    return new HistoryTrouble('history-locked', `another process holds it: ${message}`, { cause: error });
  }
  const isCorrupt =
    codes.some(code => code === 'LEVEL_CORRUPTION' || code === 'ENOTDIR') ||
    all.some(each => CORRUPT.test(each.message));
  return new HistoryTrouble(isCorrupt ? 'history-corrupt' : 'history-unwritable', message, { cause: error });
}

function chain(error: unknown): Error[] {
  const found: Error[] = [];
  for (let at = error; at instanceof Error && found.length < 10; at = at.cause) found.push(at);
  return found;
}
