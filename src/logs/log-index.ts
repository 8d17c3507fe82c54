/** The index of a store: its segments, and where it stands. */
import { mkdirSync, readdirSync } from 'node:fs';
import type { LogStream } from '../core/log-lines.js';
import type { Place } from './find.js';
import { type Ends, endsAfter, type LineRecord, nextSeq } from './record.js';
import type { Piece } from './scan.js';
import { Segment, type SegmentStart } from './segment.js';

export class LogIndex {
  private segments: Segment[] = [];
  /** Of the next line. */
  seq = 1;
  ends: Ends = { stdout: 0, stderr: 0 };
  private top = 0;

  constructor(private readonly dir: string) {}

  /** Reads where it stands: the names of all, and the end of the last one. False where there is none. */
  open(): boolean {
    mkdirSync(this.dir, { recursive: true });
    const found = readdirSync(this.dir).map(name => Segment.named(this.dir, name));
    this.segments = found.filter(segment => segment !== null).sort((a, b) => a.first - b.first);
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

  /** Begins where nothing is known. */
  begin(start: SegmentStart): void {
    this.seq = start.first;
    this.ends = start.ends;
    this.rotate();
  }

  get all(): readonly Segment[] {
    return this.segments;
  }
  /** The one that is written. */
  get active(): Segment | null {
    return this.segments.at(-1) ?? null;
  }
  at({ segment, index }: Place): LineRecord | null {
    return segment.at(index);
  }
  /** Seq of the first line that is still stored, or would be. */
  get first(): number {
    return this.segments[0]?.first ?? this.seq;
  }
  /** Below these nothing is indexed any more. */
  get floor(): Ends {
    return this.segments[0]?.ends ?? this.ends;
  }

  add(stream: LogStream, { offset, bytes, lines, unended }: Piece, ts: number, lost = false): LineRecord {
    const other = stream === 'stdout' ? this.ends.stderr : this.ends.stdout;
    const top = Math.max(ts, this.top);
    const record = { seq: this.seq, lines, ts, top, stream, offset, bytes, other, unended, lost };
    this.active?.add(record);
    this.stand(record);
    return record;
  }

  private stand(record: LineRecord): void {
    this.seq = nextSeq(record);
    this.ends = endsAfter(record);
    this.top = record.top;
  }

  /** Closes the segment that is written and begins the next one. */
  rotate(): void {
    this.segments.push(new Segment(this.dir, { first: this.seq, ends: this.ends }));
  }

  /** Writes what is not on disk yet, the oldest first. Throws the error of the file system. */
  flush(): void {
    for (const segment of this.segments) segment.flush();
  }

  /** The oldest but the one that is written; null where there is none. */
  drop(): Segment | null {
    const oldest = this.segments.length > 1 ? this.segments.shift() : undefined;
    if (oldest) oldest.dropped = true;
    return oldest ?? null;
  }

  /** Bytes of data and index. */
  get bytes(): number {
    const { floor, ends } = this;
    const data = ends.stdout - floor.stdout + ends.stderr - floor.stderr;
    return this.segments.reduce((sum, segment) => sum + segment.bytes, data);
  }
}

const lastOf = (segment: Segment | undefined): LineRecord | null =>
  segment && segment.count > 0 ? segment.at(segment.count - 1) : null;
