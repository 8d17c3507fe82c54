/** Raw lines as the text that people and JSON take: invalid UTF-8 becomes U+FFFD here and nowhere before. */
import { StringDecoder } from 'node:string_decoder';
import type { LogLines, LogRun, LogStream } from '../core/log-lines.js';

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

/**
 * The lines as payloads of `log`, in JSON, each a bounded size whatever the bytes were; a line too long for one is in pieces.
 * By hand, since a stream has millions: `encode` of the same takes twice the time and the memory.
 */
export function logPayloads(lines: readonly TextLine[], epoch: number | null): Buffer[] {
  const head = `{"v":1,${epoch === null ? '' : `"epoch":${epoch},`}"lines":[`;
  const payloads: Buffer[] = [];
  let text = '';
  for (const line of lines) {
    for (const json of sliced(line)) {
      if (text.length > 0 && text.length + json.length > CHUNK_CHARS) {
        payloads.push(Buffer.from(`${head}${text}]}`));
        text = '';
      }
      text += text.length > 0 ? `,${json}` : json;
    }
  }
  if (text.length > 0) payloads.push(Buffer.from(`${head}${text}]}`));
  return payloads;
}

/** Control characters take six of JSON each. */
function sliced(line: TextLine): string[] {
  const json = jsonOf(line);
  if (json.length <= CHUNK_CHARS) return [json];
  const half = line.line.length >> 1;
  const isPair = /[\udc00-\udfff]/.test(line.line[half] ?? '');
  const at = isPair ? half - 1 : half;
  const { unended: _, ...whole } = line;
  return [
    ...sliced({ ...whole, line: line.line.slice(0, at), more: true }),
    ...sliced({ ...line, line: line.line.slice(at) }),
  ];
}

const jsonOf = ({ seq, ts, stream, line, more, unended }: TextLine): string =>
  `{"seq":${seq},"ts":${ts},"stream":"${stream}","line":${JSON.stringify(line)}${more ? ',"more":true' : ''}${unended ? ',"unended":true' : ''}}`;
