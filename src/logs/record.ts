/** A record of the index: of fixed size and with a checksum, so that one that was cut off or spoilt is known as such. */
import { crc32 } from '../core/crc32.js';
import type { LogStream } from '../core/log-lines.js';

/** Lines of one stream, or lines that are lost. Offsets count the bytes of their stream from the store's beginning. */
export interface LineRecord {
  readonly seq: number;
  readonly lines: number;
  /** When they were captured, milliseconds since the epoch. */
  readonly ts: number;
  /** The highest `ts` so far: it never goes back, whatever the clock does. */
  readonly top: number;
  readonly stream: LogStream;
  readonly offset: number;
  readonly bytes: number;
  /** Up to where the other stream is indexed. */
  readonly other: number;
  /** Its one line has no newline at its end. */
  readonly unended: boolean;
  /** These lines are not stored. */
  readonly lost: Lost;
}

/** `uncounted`: they are as many as they can have been at most. */
export type Lost = boolean | 'uncounted';
/** Of one record. */
export const MOST_LINES = 2 ** 32 - 1;

export const RECORD_BYTES = 56;
const CHECKED = 52;
const STDERR = 1;
const UNENDED = 2;
const LOST = 4;
const UNCOUNTED = 8;
/** So that blanks are no record. */
const MARK = 0xca;

export function encode(record: LineRecord, into: Buffer, at: number): void {
  into.writeDoubleLE(record.seq, at);
  into.writeDoubleLE(record.ts, at + 8);
  into.writeDoubleLE(record.top, at + 16);
  into.writeDoubleLE(record.offset, at + 24);
  into.writeDoubleLE(record.other, at + 32);
  into.writeUInt32LE(record.lines, at + 40);
  into.writeUInt32LE(record.bytes, at + 44);
  const flags =
    (record.stream === 'stderr' ? STDERR : 0) |
    (record.unended ? UNENDED : 0) |
    (record.lost ? LOST : 0) |
    (record.lost === 'uncounted' ? UNCOUNTED : 0);
  into.writeUInt32LE(((MARK << 24) | flags) >>> 0, at + 48);
  into.writeUInt32LE(crc32(into.subarray(at, at + CHECKED)), at + CHECKED);
}

/** Null for what is none. */
export function decode(from: Buffer, at: number): LineRecord | null {
  if (at + RECORD_BYTES > from.length || from[at + 51] !== MARK) return null;
  if (crc32(from.subarray(at, at + CHECKED)) !== from.readUInt32LE(at + CHECKED)) return null;
  const flags = from.readUInt32LE(at + 48);
  return {
    seq: from.readDoubleLE(at),
    ts: from.readDoubleLE(at + 8),
    top: from.readDoubleLE(at + 16),
    offset: from.readDoubleLE(at + 24),
    other: from.readDoubleLE(at + 32),
    lines: from.readUInt32LE(at + 40),
    bytes: from.readUInt32LE(at + 44),
    stream: (flags & STDERR) === 0 ? 'stdout' : 'stderr',
    unended: (flags & UNENDED) !== 0,
    lost: (flags & UNCOUNTED) !== 0 ? 'uncounted' : (flags & LOST) !== 0,
  };
}

/** Of the line after its last one. */
export const nextSeq = (record: LineRecord): number => record.seq + record.lines;

export type Ends = Readonly<Record<LogStream, number>>;

/** Up to where each stream is indexed with this record. */
export const endsAfter = ({ stream, offset, bytes, other }: LineRecord): Ends =>
  stream === 'stdout' ? { stdout: offset + bytes, stderr: other } : { stdout: other, stderr: offset + bytes };
