/** Answers one query: goes through the index, and reads no more of the data than is asked for. */
import { setImmediate } from 'node:timers/promises';
import { CanopyError } from '../core/errors.js';
import type { LogGap, LogItem, LogQuery, LogStream } from '../core/log-lines.js';
import { following, type Place, placeOfSeq, placeOfTime } from './find.js';
import { matcherOf, matching } from './grep.js';
import { Chunk, partFrom } from './lines.js';
import type { LogIndex } from './log-index.js';
import type { Matcher } from './matcher.js';
import type { ReadPorts } from './ports.js';
import { type LineRecord, nextSeq } from './record.js';
import { PIECE_BYTES } from './scan.js';
import { readSpan } from './span.js';
import { AT_ONCE, asksFor, tailStart } from './tail.js';

/** Bytes of one read: with 64 KB a stream takes the leaf half as much CPU again. */
const READ_BYTES = 4 * PIECE_BYTES;
/** Times in a row that it finds nothing where there should be something, and looks again: it may have been made again. */
const TRIES = 3;

const LOST = {
  true: 'the disk was full',
  uncounted: 'dropped to make room without being counted: so many lines at most',
} as const;

export class Reader {
  /** Of the next line. */
  private seq: number;
  private place: Place | null = null;
  private readonly chunk = new Chunk();
  private hole: LogGap | null = null;
  private tries = 0;
  private readonly matcher: Matcher | null;

  constructor(
    private readonly ports: ReadPorts,
    private query: LogQuery,
    private readonly cut: AbortSignal,
  ) {
    const { index } = ports;
    const last = index.seq - 1;
    const { after, since, grep } = query;
    this.matcher = grep ? matcherOf(grep, cut) : null;
    if (after !== undefined && after > last)
      throw new CanopyError(
        'bad-cursor',
        `after: expected a seq up to ${last}, the last one, found ${after}`,
      );
    this.seq = after === undefined ? index.first : after + 1;
    const place = since === undefined ? null : placeOfTime(index, since);
    if (since !== undefined) this.seq = Math.max(this.seq, place ? seqAt(index, place) : index.seq);
  }

  async *items(): AsyncGenerator<LogItem> {
    const { index } = this.ports;
    const last = index.seq - 1;
    // Who asks for the last ones is not owed those before.
    if (this.query.tail !== undefined)
      this.seq = await tailStart(this.ports, this.query, this.seq, this.matcher, this.cut);
    yield* this.upTo(last);
    if (this.query.follow !== true) {
      const first = index.first <= last ? index.first : null;
      if (!this.cut.aborted) yield { kind: 'end', first, last: first === null ? null : last };
      return;
    }
    // It says where to begin: a clock that is set back hides nothing of what comes.
    const { since: _since, ...lasting } = this.query;
    this.query = lasting;
    while (!this.cut.aborted) {
      if (this.seq >= index.seq) await this.ports.grown(this.cut);
      yield* this.upTo(index.seq - 1);
    }
  }

  private async *upTo(last: number): AsyncGenerator<LogItem> {
    while (this.seq <= last && !this.cut.aborted) {
      const { first } = this.ports.index;
      if (this.seq < first) {
        yield* this.chunk.take();
        yield* this.missed();
        yield this.skip(first - 1, 'dropped to make room');
        continue;
      }
      const from = this.seq;
      const records = this.gather(last);
      this.tries = records.length > 0 || this.seq > from ? 0 : this.tries + 1;
      const [record] = records;
      if (record?.lost) {
        yield* this.chunk.take();
        yield* this.missed();
        yield this.skip(nextSeq(record) - 1, LOST[`${record.lost}`]);
      } else if (record) yield* this.read(records);
      else if (this.tries > TRIES) yield this.skip(last, 'its data is missing');
      else await setImmediate();
    }
    if (this.cut.aborted) return;
    yield* this.chunk.take();
    yield* this.missed();
  }

  /** What is missing in a row is one gap. */
  private *missed(): Generator<LogItem> {
    const { hole } = this;
    this.hole = null;
    if (hole) yield hole;
  }

  private skip(to: number, reason: string): LogGap {
    const from = this.seq;
    this.seq = to + 1;
    return { kind: 'gap', from, to, reason };
  }

  /** Records that can be read at once; what the query does not ask for is passed over. */
  private gather(last: number): LineRecord[] {
    const { index } = this.ports;
    const found: LineRecord[] = [];
    let seq = this.seq;
    if (this.place?.segment.dropped) this.place = null;
    this.place ??= placeOfSeq(index, seq);
    for (let seen = 0; this.place !== null && seq <= last && seen < AT_ONCE; seen++) {
      const record = index.at(this.place);
      if (record === null) {
        // Made again, with other places.
        this.place = null;
        break;
      }
      if (nextSeq(record) > seq && asksFor(this.query, record)) {
        if (!joins(found, record)) break;
        found.push(record);
      }
      seq = Math.max(seq, nextSeq(record));
      if (found.length === 0) this.seq = seq;
      this.place = following(index, this.place);
    }
    return found;
  }

  private alone({ stream, offset, bytes }: LineRecord): Promise<Buffer | null> {
    return readSpan(this.ports.files[stream], offset, bytes);
  }

  private async *read(records: readonly LineRecord[]): AsyncGenerator<LogItem> {
    const spans = new Map<LogStream, { offset: number; bytes: number }>();
    for (const { stream, offset, bytes } of records) {
      const from = spans.get(stream)?.offset ?? offset;
      spans.set(stream, { offset: from, bytes: offset + bytes - from });
    }
    const data = new Map<LogStream, Buffer | null>();
    for (const [stream, { offset, bytes }] of spans)
      data.set(stream, await readSpan(this.ports.files[stream], offset, bytes));
    for (const record of records) {
      const from = record.offset - (spans.get(record.stream)?.offset ?? 0);
      // Where not all is there, some of it may be.
      const span = data.get(record.stream);
      const bytes = sound(record, span?.subarray(from, from + record.bytes) ?? (await this.alone(record)));
      // Dropped while it was read, and maybe a hole by then; what was read with it is read again.
      if (this.cut.aborted || record.seq < this.ports.index.first) {
        this.place = null;
        return;
      }
      if (bytes === null) {
        yield* this.chunk.take();
        const from = this.hole?.from ?? this.seq;
        this.hole = { ...this.skip(nextSeq(record) - 1, 'its data is missing'), from };
        continue;
      }
      yield* this.missed();
      const part = partFrom(record, bytes, this.seq);
      this.seq = nextSeq(record);
      const parts = this.matcher ? matching(part, await this.matcher.match(part.bytes)) : [part];
      for (const one of parts) yield* this.chunk.add(one);
    }
  }
}

const seqAt = (index: LogIndex, place: Place): number => index.at(place)?.seq ?? index.seq;

/** Not where somebody has written something else there. */
const sound = ({ unended }: LineRecord, bytes: Buffer | null): Buffer | null =>
  unended || bytes?.at(-1) === 10 ? bytes : null;

/** Whether it can be read together with those: no more than one read, without a hole. */
function joins(records: readonly LineRecord[], { stream, offset, bytes, lost }: LineRecord): boolean {
  if (records.length === 0) return true;
  const isFull = records.reduce((sum, record) => sum + record.bytes, bytes) > READ_BYTES;
  const before = records.findLast(record => record.stream === stream);
  const goesOn = before === undefined || before.offset + before.bytes === offset;
  return goesOn && !isFull && !lost && !records[0]?.lost;
}
