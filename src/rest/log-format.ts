/** Parts of a log as NDJSON, as plain text, and as server-sent events. */
import type { ErrorCode } from '../core/errors.js';
import type { LogGap } from '../core/log-lines.js';
import type { LogFormat } from './log-asked.js';
import type { LogPart } from './log-reading.js';

export interface Encoder {
  /** Before anything else, as soon as the client is let in. */
  readonly opening: string;
  /** Said where there is nothing to say, so that a dead connection shows. */
  readonly pause: string;
  part(part: LogPart): string | Buffer;
  problem(code: ErrorCode, message: string): string;
}

/** Milliseconds after which an EventSource comes again. */
const RETRY_MS = 1000;

const line = (value: object): string => `${JSON.stringify(value)}\n`;
const gapOf = ({ from, to, reason }: LogGap) => ({ gap: { from, to, reason } });

const ndjson: Encoder = {
  opening: '',
  pause: '',
  part: part => {
    if (part.kind === 'lines') return part.lines.map(line).join('');
    return part.kind === 'gap' ? line(gapOf(part)) : '';
  },
  problem: (code, message) => line({ error: { code, message } }),
};

const text: Encoder = {
  opening: '',
  pause: '',
  part: part => {
    if (part.kind === 'bytes') return part.bytes;
    if (part.kind === 'lines') return part.lines.map(each => `${each.line}\n`).join('');
    return part.kind === 'gap' ? `[canopy: ${gapInWords(part)}]\n` : '';
  },
  problem: (code, message) => `[canopy: ${code}: ${message}]\n`,
};

export const gapInWords = ({ from, to, reason }: Omit<LogGap, 'kind'>): string =>
  `${from === to ? `line ${from} is` : `lines ${from} to ${to} are`} missing: ${reason}`;

/** `epoch` of the leaf, as far as it is known. */
const sse = (epoch: () => number | null): Encoder => {
  const event = (name: string, data: object, id?: number): string =>
    `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
  const now = (): object => {
    const known = epoch();
    return known === null ? { v: 1 } : { v: 1, epoch: known };
  };
  return {
    opening: `retry: ${RETRY_MS}\n\n`,
    pause: ':\n\n',
    part: part => {
      if (part.kind === 'lines') return event('log', { ...now(), lines: part.lines }, part.lines.at(-1)?.seq);
      if (part.kind === 'gap') return event('gap', { v: 1, ...gapOf(part) }, part.to);
      // An id alone is no event, and is remembered all the same.
      return part.kind === 'from' ? `id: ${part.seq}\n\n` : '';
    },
    problem: (code, message) => event('problem', { code, message }),
  };
};

export const encoderOf = (format: LogFormat, epoch: () => number | null): Encoder =>
  format === 'sse' ? sse(epoch) : { ndjson, text }[format];
