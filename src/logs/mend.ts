/** Makes records of an index again from the data, where they were lost or spoilt. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { LOG_STREAMS, type LogStream } from '../core/log-lines.js';
import type { DataFiles } from './data-files.js';
import { type Ends, endsAfter, type LineRecord, MOST_LINES, nextSeq } from './record.js';
import { PIECE_BYTES, type Piece, takePieces } from './scan.js';
import type { Segment, SegmentStart } from './segment.js';

type Files = Readonly<Record<LogStream, DataFiles>>;

const NEWLINE = 10;

/** `next`: where the segment after it begins, or what is written next. Reads no more than the data of what is missing. */
export function mend(segment: Segment, next: SegmentStart, files: Files): void {
  const records: LineRecord[] = [];
  let seq = segment.first;
  let ends = segment.ends;
  let { ts, top } = { ts: 0, top: 0 };
  const fill = (to: SegmentStart): void => {
    for (const found of between({ first: seq, ends }, to, files)) records.push({ ...found, ts, top });
  };
  for (let at = 0; at < segment.count; at++) {
    const record = segment.at(at);
    if (record === null || record.seq < seq || nextSeq(record) > next.first) continue;
    if (ts === 0) ({ ts, top } = record);
    if (record.seq > seq) fill({ first: record.seq, ends: startsOf(record) });
    records.push(record);
    seq = nextSeq(record);
    ends = endsAfter(record);
    ({ ts, top } = record);
  }
  if (seq < next.first) fill(next);
  segment.replace(records);
}

const startsOf = ({ stream, offset, other }: LineRecord): Ends =>
  stream === 'stdout' ? { stdout: offset, stderr: other } : { stdout: other, stderr: offset };

/** The lines from one place to another: one stream after the other, since their order is not known any more. */
function between(from: SegmentStart, to: SegmentStart, files: Files): LineRecord[] {
  const records: LineRecord[] = [];
  let seq = from.first;
  const ends: Record<LogStream, number> = { ...from.ends };
  const add = (
    stream: LogStream,
    offset: number,
    bytes: number,
    lines: number,
    unended: boolean,
    lost = false,
  ): void => {
    const other = stream === 'stdout' ? ends.stderr : ends.stdout;
    records.push({ seq, lines, ts: 0, top: 0, stream, offset, bytes, other, unended, lost });
    seq += lines;
    ends[stream] = offset + bytes;
  };
  for (const stream of LOG_STREAMS) {
    for (const { offset, bytes, lines, unended } of piecesOf(
      files[stream],
      from.ends[stream],
      to.ends[stream],
    )) {
      if (seq + lines <= to.first) add(stream, offset, bytes, lines, unended);
    }
  }
  while (seq < to.first) add('stdout', to.ends.stdout, 0, Math.min(MOST_LINES, to.first - seq), false, true);
  return records;
}

function* piecesOf(files: DataFiles, from: number, to: number): Generator<Piece> {
  let position = { at: from, scanned: from };
  while (position.scanned < to) {
    const file = files.holding(position.scanned);
    if (file === null) return;
    const end = Math.min(to, files.endOf(file));
    if (position.scanned >= end) {
      // What was here was truncated, or is lost.
      const next = files.after(file);
      if (next === null || next.start <= position.scanned) return;
      position = { at: next.start, scanned: next.start };
      continue;
    }
    const chunk = readPiece(file.path, position.scanned - file.start, end - position.scanned);
    if (chunk.length === 0) return;
    const found = takePieces(chunk, position);
    yield* found.pieces;
    position = found.position;
    if (position.scanned < end) continue;
    const { at } = position;
    if (at < end) yield { offset: at, bytes: end - at, lines: 1, unended: true };
    position = { at: end, scanned: end };
  }
}

function readPiece(path: string, position: number, most: number): Buffer {
  const chunk = Buffer.allocUnsafe(Math.max(0, Math.min(most, PIECE_BYTES)));
  const fd = openSync(path, 'r');
  try {
    return chunk.subarray(0, readSync(fd, chunk, 0, chunk.length, position));
  } finally {
    closeSync(fd);
  }
}

/**
 * Where to begin without any index: behind what was dropped from the front of the oldest files, and with seqs that nothing
 * dropped can have had.
 */
export function beginning(files: Files): SegmentStart {
  const starts = LOG_STREAMS.map(stream => firstLine(files[stream]));
  const [stdout = 0, stderr = 0] = starts.map(start => start.offset);
  const skipped = starts.reduce((sum, start) => sum + start.skipped, 0);
  return { first: Math.max(1, ...starts.map(start => start.seq)) + skipped, ends: { stdout, stderr } };
}

function firstLine(files: DataFiles): { offset: number; skipped: number; seq: number } {
  const [file] = files.all;
  if (file === undefined) return { offset: 0, skipped: 0, seq: 1 };
  const { size, blocks } = statSync(file.path);
  // Blocks behind the end are counted too: the hole is at least that long.
  let skipped = Math.max(0, size - blocks * 512);
  skipped -= skipped % PIECE_BYTES;
  let isHole = true;
  while (isHole && skipped < size) {
    const chunk = readPiece(file.path, skipped, size - skipped);
    const first = chunk.findIndex(byte => byte !== 0);
    isHole = first === -1;
    if (isHole) skipped += chunk.length;
    else if (skipped + first > 0) skipped += chunk.indexOf(NEWLINE, first) + 1;
  }
  return { offset: file.start + skipped, skipped, seq: file.seq };
}
