/** A log in memory, as a leaf's store is one on disk: real lines, real gaps, a reader that follows. */
import { CanopyError } from '../../src/core/errors.js';
import type { LogItem, LogLines, LogQuery, LogRun, LogSource, LogStream } from '../../src/core/log-lines.js';

interface Line {
  readonly seq: number;
  readonly ts: number;
  readonly stream: LogStream;
  readonly bytes: Buffer;
}

const BATCH_BYTES = 64 * 1024;

export class MemoryLog implements LogSource {
  private lines: Line[] = [];
  private last = 0;
  private readonly waiting = new Set<() => void>();
  /** Readings now, and ever. */
  open = 0;
  readings = 0;
  /** Bytes of lines handed on so far. */
  handed = 0;

  append(text: string | Buffer, stream: LogStream = 'stdout', ts = Date.now()): number {
    this.last += 1;
    this.lines.push({
      seq: this.last,
      ts,
      stream,
      bytes: Buffer.concat([Buffer.from(text as string), Buffer.from('\n')]),
    });
    for (const wake of [...this.waiting]) wake();
    return this.last;
  }

  /** Numbered lines, `line 1` and so on. */
  count(lines: number): void {
    for (let nth = 0; nth < lines; nth++) this.append(`line ${this.last + 1}`);
  }

  /** The oldest go. */
  drop(lines: number): void {
    this.lines = this.lines.slice(lines);
  }

  async *read(query: LogQuery, cut: AbortSignal): AsyncGenerator<LogItem, void, undefined> {
    const { after = 0, follow } = query;
    let wanted: LogQuery = query;
    if (after > this.last) throw new CanopyError('bad-cursor', `after: expected at most ${this.last}`);
    this.open += 1;
    this.readings += 1;
    try {
      for (let at = this.start(query); !cut.aborted; ) {
        const end = this.last;
        yield* this.some(wanted, at, cut);
        at = end;
        const { since: _since, ...lasting } = query;
        wanted = lasting;
        if (!follow)
          return yield { kind: 'end', first: this.lines[0]?.seq ?? null, last: end === 0 ? null : end };
        while (this.last === at && !cut.aborted) await this.change(cut);
      }
    } finally {
      this.open -= 1;
    }
  }

  /** The last line before those that are wanted. */
  private start(query: LogQuery): number {
    const { tail, after = 0 } = query;
    if (tail === undefined) return after;
    if (tail === 0) return this.last;
    const fitting = this.lines.filter(line => line.seq > after && fits(line, query));
    return (fitting.at(-tail)?.seq ?? this.lines[0]?.seq ?? 1) - 1;
  }

  private *some(query: LogQuery, at: number, cut: AbortSignal): Generator<LogItem> {
    const first = this.lines[0]?.seq ?? this.last + 1;
    if (first > at + 1 && query.since === undefined)
      yield { kind: 'gap', from: at + 1, to: first - 1, reason: 'dropped' };
    for (const item of batches(this.lines.filter(line => line.seq > at && fits(line, query)))) {
      if (cut.aborted) return;
      this.handed += item.bytes.length;
      yield item;
    }
  }

  private change(cut: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const settle = (): void => {
        this.waiting.delete(settle);
        cut.removeEventListener('abort', settle);
        resolve();
      };
      this.waiting.add(settle);
      cut.addEventListener('abort', settle);
    });
  }
}

function fits(line: Line, { stream, since, until, grep }: LogQuery): boolean {
  if (stream !== undefined && line.stream !== stream) return false;
  if (line.ts < (since ?? 0) || line.ts > (until ?? Number.POSITIVE_INFINITY)) return false;
  if (!grep) return true;
  const text = line.bytes.subarray(0, -1).toString();
  return grep.fixed ? text.includes(grep.pattern) : new RegExp(grep.pattern, 'u').test(text);
}

function* batches(lines: readonly Line[]): Generator<LogLines> {
  let batch: Line[] = [];
  let bytes = 0;
  for (const line of lines) {
    if (bytes + line.bytes.length > BATCH_BYTES && batch.length > 0) {
      yield asLines(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(line);
    bytes += line.bytes.length;
  }
  if (batch.length > 0) yield asLines(batch);
}

function asLines(lines: readonly Line[]): LogLines {
  const runs: LogRun[] = [];
  for (const { seq, ts, stream, bytes } of lines) {
    const run = runs.at(-1);
    if (run && run.stream === stream && run.ts === ts && run.seq + run.lines === seq)
      runs[runs.length - 1] = { ...run, lines: run.lines + 1, bytes: run.bytes + bytes.length };
    else runs.push({ seq, lines: 1, ts, stream, bytes: bytes.length });
  }
  return { kind: 'lines', runs, bytes: Buffer.concat(lines.map(line => line.bytes)) };
}
