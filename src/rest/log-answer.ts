/** Sends a log as the answer to a request: read no faster than the client takes it. */
import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import type { FastifyReply } from 'fastify';
import { LOG_TYPES, type LogAsked } from './log-asked.js';
import type { Encoder } from './log-format.js';
import type { LogPart } from './log-reading.js';
import { withPauses } from './pauses.js';
import { codeOf } from './problems.js';

/** Milliseconds for a first line, or for what is wrong, before a follower is let in without either. */
const FIRST_MS = 1000;
/** The same where a regular expression may turn out to take too long, which a leaf finds after two seconds. */
const FIRST_FOUND_MS = 4000;
/** Milliseconds without a line after which something is sent all the same. */
const PAUSE_MS = 15_000;

export interface LogAnswer {
  readonly parts: AsyncIterable<LogPart>;
  readonly encoder: Encoder;
  readonly asked: LogAsked;
  readonly cut: AbortSignal;
  /** Told of what is nobody's fault but ours. */
  readonly failed: (error: unknown) => void;
}

type Next = IteratorResult<LogPart | null, void>;
type Rest = AsyncGenerator<LogPart | null, void, undefined>;

/** Throws what goes wrong before the first part: that is answered as a problem. */
export async function sendLog(reply: FastifyReply, answer: LogAnswer): Promise<void> {
  const { asked, cut } = answer;
  const isSearch = asked.query.grep !== undefined && !asked.query.grep.fixed;
  const rest = withPauses(answer.parts, isSearch ? FIRST_FOUND_MS : FIRST_MS, PAUSE_MS);
  let first = await rest.next();
  while (!asked.query.follow && !first.done && first.value === null) first = await rest.next();
  reply.hijack();
  const { raw } = reply;
  if (cut.aborted) return void raw.destroy();
  raw.writeHead(200, headers(asked));
  raw.flushHeaders();
  const how = { whole: false };
  try {
    const texts = Readable.from(encoded(first, rest, answer, how), { highWaterMark: 1 });
    const pack = asked.gzip ? [createGzip({ level: constants.Z_BEST_SPEED })] : [];
    await pipeline([texts, ...pack, raw], { end: false });
    // A chunked answer without its last chunk is one that has been cut off, to every client.
    if (how.whole) raw.end();
    else raw.socket?.destroySoon();
    await finished(raw);
  } catch {
    raw.destroy(); // the client has gone
  }
}

async function* encoded(first: Next, rest: Rest, answer: LogAnswer, how: { whole: boolean }) {
  const { encoder, asked, failed } = answer;
  // One that follows has an end whenever the server has.
  how.whole = asked.query.follow === true;
  if (encoder.opening !== '') yield encoder.opening;
  try {
    for (let next = first; !next.done; next = await rest.next()) {
      if (next.value?.kind === 'end') how.whole = true;
      const text = next.value === null ? encoder.pause : encoder.part(next.value);
      if (text.length > 0) yield text;
    }
  } catch (error) {
    if (answer.cut.aborted) return; // what the stream is destroyed with comes here too
    how.whole = asked.format === 'sse';
    const code = codeOf(error);
    if (code === 'internal-error') failed(error);
    yield encoder.problem(
      code,
      code === 'internal-error' ? 'the log of this node has the details' : (error as Error).message,
    );
  } finally {
    await rest.return();
  }
}

const headers = ({ format, gzip }: LogAsked): Record<string, string> => ({
  'content-type': `${LOG_TYPES[format]}${format === 'text' ? '; charset=utf-8' : ''}`,
  'cache-control': 'no-store, no-transform',
  vary: 'accept, accept-encoding',
  'x-accel-buffering': 'no',
  ...(gzip && { 'content-encoding': 'gzip' }),
});
