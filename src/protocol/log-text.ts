/** Raw lines as the text that people and JSON take: invalid UTF-8 becomes U+FFFD here and nowhere before. */
import { StringDecoder } from 'node:string_decoder';
import type { LogLines, LogRun, LogStream } from '../core/log-lines.js';
import type { LogChunk } from './payloads.js';

export interface TextLine {
  readonly seq: number;
  readonly ts: number;
  readonly stream: LogStream;
  readonly line: string;
  /** A piece of a line too long for one: the next with the same seq goes on with it. */
  readonly more?: true;
  readonly unended?: true;
}

const NEWLINE = 0x0a;

/** One for each reading, since a character may be split between two pieces of a line. */
export class LineText {
  /** By stream: the line whose pieces are coming. */
  private readonly open = new Map<LogStream, { readonly seq: number; readonly decoder: StringDecoder }>();

  lines({ runs, bytes }: LogLines): TextLine[] {
    const lines: TextLine[] = [];
    let at = 0;
    for (const run of runs) {
      this.take(run, bytes.subarray(at, at + run.bytes), lines);
      at += run.bytes;
    }
    return lines;
  }

  private take(run: LogRun, bytes: Buffer, into: TextLine[]): void {
    const { ts, stream } = run;
    let at = 0;
    for (let nth = 0; nth < run.lines; nth++) {
      const isLast = nth === run.lines - 1;
      const end = isLast ? bytes.length : bytes.indexOf(NEWLINE, at) + 1;
      const seq = run.seq + nth;
      const line = this.decode(stream, seq, bytes.subarray(at, end), isLast && run.more === true);
      const marks = isLast ? { ...(run.more && { more: true }), ...(run.unended && { unended: true }) } : {};
      into.push({ seq, ts, stream, line, ...(marks as object) });
      at = end;
    }
  }

  private decode(stream: LogStream, seq: number, bytes: Buffer, more: boolean): string {
    const text = bytes.at(-1) === NEWLINE ? bytes.subarray(0, -1) : bytes;
    const open = this.open.get(stream);
    this.open.delete(stream);
    const isRest = open?.seq === seq;
    if (!more && !isRest) return text.toString('utf8');
    const decoder = isRest ? open.decoder : new StringDecoder('utf8');
    if (!more) return decoder.write(text) + decoder.end();
    this.open.set(stream, { seq, decoder });
    return decoder.write(text);
  }
}

/** Characters of JSON in one message. */
const CHUNK_CHARS = 60_000;

/** The lines as payloads of `log`, each a bounded size whatever the bytes were; a line too long for one is in pieces. */
export function logChunks(lines: readonly TextLine[], epoch: number | null): LogChunk[] {
  const chunks: LogChunk[] = [];
  const head = { v: 1 as const, ...(epoch !== null && { epoch }) };
  let chunk: TextLine[] = [];
  let chars = 0;
  for (const { line, length } of lines.flatMap(sliced)) {
    if (chars + length > CHUNK_CHARS && chunk.length > 0) {
      chunks.push({ ...head, lines: chunk });
      chunk = [];
      chars = 0;
    }
    chunk.push(line);
    chars += length;
  }
  if (chunk.length > 0) chunks.push({ ...head, lines: chunk });
  return chunks;
}

/** Control characters take six of JSON each. */
function sliced(line: TextLine): { line: TextLine; length: number }[] {
  const { length } = JSON.stringify(line);
  if (length <= CHUNK_CHARS) return [{ line, length }];
  const half = line.line.length >> 1;
  const isPair = /[\udc00-\udfff]/.test(line.line[half] ?? '');
  const at = isPair ? half - 1 : half;
  const { unended: _, ...whole } = line;
  return [
    ...sliced({ ...whole, line: line.line.slice(0, at), more: true }),
    ...sliced({ ...line, line: line.line.slice(at) }),
  ];
}
