/** Reads a log for a client over HTTP: as text, from a definite place, and again where it may wait for the node. */
import { setTimeout as pause } from 'node:timers/promises';
import { CanopyError, type ErrorCode } from '../core/errors.js';
import type { LogEnd, LogGap, LogItem, LogQuery, LogSource } from '../core/log-lines.js';
import { type LogLine, LogText, lastWhole } from '../core/log-text.js';
import type { LogAsked } from './log-asked.js';

/** The log of a node, or with `self` that of its leaf or relay itself. May throw `not-found`. */
export type OpenLog = (path: string, options: { self?: boolean }) => LogSource;

export type LogPart =
  | { readonly kind: 'lines'; readonly lines: readonly LogLine[] }
  /** All up to this seq is not asked for: whoever comes again goes on there. */
  | { readonly kind: 'from'; readonly seq: number }
  | LogGap
  | LogEnd;

const AWAY: readonly ErrorCode[] = ['node-unreachable', 'not-found'];
/** Milliseconds between two looks whether a node can be reached; a look asks what this node knows. */
const LOOK_MS = 250;

export async function* readLog(
  open: OpenLog,
  path: string,
  { query, self, wait }: Pick<LogAsked, 'query' | 'self' | 'wait'>,
  cut: AbortSignal,
): AsyncGenerator<LogPart> {
  let place = query;
  while (!cut.aborted) {
    try {
      const source = open(path, self ? { self } : {});
      const pinned = await pin(source, place, cut);
      if (pinned !== place) yield { kind: 'from', seq: pinned.after as number };
      place = pinned;
      const text = new LogText();
      for await (const item of source.read(place, cut)) {
        yield* parts(item, text);
        place = passed(place, item);
      }
      return;
    } catch (error) {
      if (!(wait && error instanceof CanopyError && AWAY.includes(error.code))) throw error;
      await pause(LOOK_MS, undefined, { signal: cut }).catch(() => {});
    }
  }
}

/** What is written from now on, said as a seq: who is cut off before the first line misses none of it. */
async function pin(source: LogSource, query: LogQuery, cut: AbortSignal): Promise<LogQuery> {
  if (!query.follow || query.tail !== 0 || query.after !== undefined) return query;
  for await (const item of source.read({ tail: 0 }, cut)) {
    if (item.kind !== 'end' || item.last === null) continue;
    const { tail: _none, ...rest } = query;
    return { ...rest, after: item.last };
  }
  return query;
}

function* parts(item: LogItem, text: LogText): Generator<LogPart> {
  const lines = item.kind === 'lines' ? text.lines(item) : item.kind === 'gap' ? text.gap(item) : [];
  if (lines.length > 0) yield { kind: 'lines', lines };
  if (item.kind !== 'lines') yield item;
}

/** The query of what is left when this has been handed on. */
function passed(query: LogQuery, item: LogItem): LogQuery {
  const last = item.kind === 'lines' ? lastWhole(item.runs) : item.kind === 'gap' ? item.to : null;
  if (last === null) return query;
  const { tail: _tail, since: _since, ...rest } = query;
  return { ...rest, after: last };
}
