/** Reads an audit log, newest entries first, a piece at a time. */
import { type FileHandle, open } from 'node:fs/promises';
import type { AuditEntry, AuditOutcome } from '../core/audit-entry.js';
import { CanopyError } from '../core/errors.js';
import { auditFile, FILES } from './files.js';

export interface AuditQuery {
  /** Milliseconds since the epoch: nothing older. */
  readonly since?: number;
  readonly by?: string;
  /** That node and all below it. */
  readonly path?: string;
  readonly op?: string;
  readonly outcome?: AuditOutcome;
  /** Entries at most. */
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

export interface AuditPage {
  readonly entries: AuditEntry[];
  /** Null where there is no more. */
  readonly nextCursor: string | null;
}

/** Where a reading goes on: right before this byte of the file with this inode, which keeps it when it is rolled. */
interface Place {
  readonly ino: number;
  readonly end: number;
}

const PIECE_BYTES = 64 * 1024;
/** Bytes looked at for one page: a filter that fits little must not hold a node up. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Bytes: we write none that is longer. */
const LONGEST_LINE = 256 * 1024;

/** `visible`: which entries the asker may see. Throws `bad-request` for a cursor that is none of ours. */
export async function readAudit(
  dir: string,
  query: AuditQuery,
  visible: (entry: AuditEntry) => boolean = () => true,
): Promise<AuditPage> {
  const entries: AuditEntry[] = [];
  let last: Place | null = null;
  let looked = 0;
  for await (const { entry, place, bytes } of backwards(dir, query.cursor)) {
    if (query.since !== undefined && entry !== null && entry.ts < query.since)
      return { entries, nextCursor: null };
    looked += bytes;
    last = place;
    if (entry && fits(entry, query) && visible(entry)) entries.push(entry);
    if (entries.length >= query.limit || looked >= MOST_BYTES) return { entries, nextCursor: cursorOf(last) };
  }
  return { entries, nextCursor: null };
}

interface Found {
  /** Null for a line that was cut off in the writing. */
  readonly entry: AuditEntry | null;
  readonly place: Place;
  readonly bytes: number;
}

async function* backwards(dir: string, cursor: string | undefined): AsyncGenerator<Found> {
  let from = cursor === undefined ? null : placeOf(cursor);
  // One that is rolled meanwhile comes again under its next name.
  const seen = new Set<number>();
  for (let at = 0; at < FILES; at += 1) {
    const file = await open(auditFile(dir, at), 'r').catch(absent);
    if (file === null) continue;
    try {
      const { ino, size } = await file.stat();
      if (seen.has(ino) || (from !== null && from.ino !== ino)) continue;
      seen.add(ino);
      yield* linesOf(file, ino, Math.min(size, from?.end ?? size));
      from = null;
    } finally {
      await file.close();
    }
  }
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

/** The lines that end before `end`, the last one first. */
async function* linesOf(file: FileHandle, ino: number, end: number): AsyncGenerator<Found> {
  let tail: Buffer = Buffer.alloc(0);
  let at = end;
  while (at > 0) {
    const length = Math.min(PIECE_BYTES, at);
    const piece = Buffer.alloc(length);
    await file.read(piece, 0, length, at - length);
    at -= length;
    let rest = Buffer.concat([piece, tail]);
    // What stands before the first line break may have begun in the piece before.
    for (let lineEnd = rest.length; lineEnd > 0; ) {
      const start = lineEnd < 2 ? 0 : rest.lastIndexOf(10, lineEnd - 2) + 1;
      if (start === 0 && at > 0) {
        rest = rest.subarray(0, lineEnd);
        break;
      }
      const line = rest.subarray(start, lineEnd);
      if (line.length > 1) yield { entry: parse(line), place: { ino, end: at + start }, bytes: line.length };
      lineEnd = start;
      rest = rest.subarray(0, start);
    }
    tail = rest.length > LONGEST_LINE ? Buffer.alloc(0) : rest;
  }
}

function parse(line: Buffer): AuditEntry | null {
  try {
    const entry = JSON.parse(line.toString('utf8')) as AuditEntry;
    const texts = [entry?.by, entry?.address, entry?.via, entry?.path ?? '', entry?.op, entry?.outcome];
    const isWhole = typeof entry?.ts === 'number' && entry.path !== undefined;
    return isWhole && texts.every(text => typeof text === 'string') ? entry : null;
  } catch {
    return null;
  }
}

function fits(entry: AuditEntry, { by, path, op, outcome }: AuditQuery): boolean {
  return (
    (by === undefined || entry.by === by) &&
    (path === undefined || isUnder(entry.path, path)) &&
    (op === undefined || entry.op === op) &&
    (outcome === undefined || entry.outcome === outcome)
  );
}

const isUnder = (path: string | null, top: string): boolean =>
  path !== null && (top === '' || path === top || path.startsWith(`${top}/`));

const cursorOf = ({ ino, end }: Place): string => Buffer.from(`${ino}:${end}`).toString('base64url');

function placeOf(cursor: string): Place {
  const [, ino, end] =
    /^(\d{1,16}):(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? [];
  if (ino !== undefined && end !== undefined) return { ino: Number(ino), end: Number(end) };
  const found = JSON.stringify(cursor.slice(0, 100));
  throw new CanopyError('bad-request', `cursor: expected the nextCursor of an earlier page, found ${found}`);
}
