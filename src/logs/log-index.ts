/** The index of a store: its segments, and where it stands. */
import type { LogStream } from '../core/log-lines.js';
import { type DataFiles, namesIn } from './data-files.js';
import type { Place } from './find.js';
import { mend } from './mend.js';
import { type Ends, endsAfter, type LineRecord, type Lost, MOST_LINES, nextSeq } from './record.js';
import type { Piece } from './scan.js';
import { Segment, type SegmentStart } from './segment.js';

export class LogIndex {
  private segments: Segment[] = [];
  /** Of the next line. */
  seq = 1;
  ends: Ends = { stdout: 0, stderr: 0 };
  private top = 0;
  /** Bytes at which a segment is closed. */
  longest = Number.POSITIVE_INFINITY;
  private checked = false;

  constructor(
    readonly dir: string,
    private readonly files: () => Readonly<Record<LogStream, DataFiles>>,
  ) {}

  /** Reads where it stands: the names of all, and the end of the last one. False where there is none. */
  open(): boolean {
    const found = namesIn(this.dir).map(name => Segment.named(this.dir, name));
    this.segments = found.filter(segment => segment !== null).sort(inOrder);
    const { active } = this;
    if (active === null) return false;
    this.seq = active.first;
    this.ends = active.ends;
    let count = active.count;
    while (count > 0 && active.at(count - 1) === null) count -= 1;
    active.truncate(count);
    const last = count > 0 ? active.at(count - 1) : null;
    if (last) this.stand(last);
    else this.top = lastOf(this.segments.at(-2))?.top ?? 0;
    return true;
  }

  /** Begins where nothing is known. Where nothing was ever said, that is known without a file. */
  begin(start: SegmentStart): void {
    this.seq = start.first;
    this.ends = start.ends;
    if (start.first > 1) return this.rotate();
    this.segments.push(new Segment(this.dir, start));
  }

  get all(): readonly Segment[] {
    return this.segments;
  }
  /** The one that is written. */
  get active(): Segment | null {
    return this.segments.at(-1) ?? null;
  }

  /** What is spoilt is made again from the data. */
  at({ segment, index }: Place): LineRecord | null {
    if (segment.dropped || index >= segment.count) return null;
    const record = segment.at(index);
    if (record !== null) return record;
    this.mend(segment);
    return segment.at(index);
  }

  /** Looks once for segments that do not reach up to the next one, and makes what is missing again. */
  check(): void {
    if (this.checked) return;
    this.checked = true;
    for (const [at, segment] of this.segments.slice(0, -1).entries()) {
      const last = lastOf(segment);
      if ((last ? nextSeq(last) : segment.first) !== this.segments[at + 1]?.first) this.mend(segment);
    }
  }

  private mend(segment: Segment): void {
    const next = this.segments[this.segments.indexOf(segment) + 1];
    mend(segment, next ?? { first: this.seq, ends: this.ends }, this.files());
  }

  /** Seq of the first line that is still stored, or would be. */
  get first(): number {
    return this.segments[0]?.first ?? this.seq;
  }
  /** Below these nothing is indexed any more. */
  get floor(): Ends {
    return this.segments[0]?.ends ?? this.ends;
  }

  add(
    stream: LogStream,
    { offset, bytes, lines, unended }: Piece,
    ts: number,
    lost: Lost = false,
  ): LineRecord {
    const other = stream === 'stdout' ? this.ends.stderr : this.ends.stdout;
    const top = Math.max(ts, this.top);
    const record = { seq: this.seq, lines, ts, top, stream, offset, bytes, other, unended, lost };
    this.active?.add(record);
    this.stand(record);
    if (this.activeBytes >= this.longest) this.rotate();
    return record;
  }

  /** Lines that could not be stored: they have their seqs, so that it is known. */
  lose(stream: LogStream, lines: number, ts: number): void {
    if (lines > 0) this.add(stream, { offset: this.ends[stream], bytes: 0, lines, unended: false }, ts, true);
  }

  /**
   * Lines that are dropped before they are indexed, and with them all before. Where they are not counted, they have as many
   * seqs as they can be lines, and a segment of their own, which says so.
   */
  passOver(
    stream: LogStream,
    { to, lines }: { to: number; lines: number },
    ts: number,
    counted: boolean,
  ): void {
    const before = this.segments;
    const first = this.seq;
    this.ends = { ...this.ends, [stream]: to };
    this.seq += lines;
    this.segments = [];
    // Where it goes on is on disk first: no number comes twice, whenever we are killed.
    this.rotate();
    for (const segment of before) segment.remove();
    if (!counted) this.segments.unshift(this.uncounted(stream, first, ts));
  }

  /** Of all up to the next line. */
  private uncounted(stream: LogStream, first: number, ts: number): Segment {
    const { seq: next, ends, dir } = this;
    const segment = new Segment(dir, { first, ends });
    const other = stream === 'stdout' ? ends.stderr : ends.stdout;
    this.top = Math.max(ts, this.top);
    const all = { ts, top: this.top, stream, offset: ends[stream], bytes: 0, other, unended: false } as const;
    for (let seq = first; seq < next; seq += MOST_LINES)
      segment.add({ ...all, seq, lines: Math.min(next - seq, MOST_LINES), lost: 'uncounted' });
    return segment;
  }

  private stand(record: LineRecord): void {
    this.seq = nextSeq(record);
    this.ends = endsAfter(record);
    this.top = record.top;
  }

  /** Closes the segment that is written and begins the next one. */
  rotate(): void {
    const next = new Segment(this.dir, { first: this.seq, ends: this.ends });
    if (this.active?.first === next.first) return;
    this.segments.push(next);
    next.touch();
  }

  /** Writes what is not on disk yet, the oldest first. Throws the error of the file system. */
  flush(): void {
    for (const segment of this.segments) if (segment.waiting > 0) segment.flush();
  }

  /** Records that are not on disk. */
  get unwritten(): number {
    return this.segments.reduce((sum, segment) => sum + segment.waiting, 0);
  }

  /** Drops the oldest but the one that is written; null where there is none. */
  drop(): Segment | null {
    const [oldest, next] = this.segments;
    if (!oldest || !next) return null;
    this.segments.shift();
    next.touch();
    oldest.remove();
    return oldest;
  }

  /** Bytes of data and index. */
  get bytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.bytes, between(this.floor, this.ends));
  }

  /** The same of the segment that is written. */
  get activeBytes(): number {
    const { active } = this;
    return active ? active.bytes + between(active.ends, this.ends) : 0;
  }
}

/** One that was made in the place of an empty one begins with the same line, behind more bytes. */
const inOrder = (a: Segment, b: Segment): number => a.first - b.first || between(b.ends, a.ends);
const between = (from: Ends, to: Ends): number => to.stdout - from.stdout + to.stderr - from.stderr;
const lastOf = (segment: Segment | undefined): LineRecord | null =>
  segment && segment.count > 0 ? segment.at(segment.count - 1) : null;
