/** Reads a log for a client over HTTP: in whole lines, from a definite place. */
import type { LogEnd, LogGap, LogItem, LogQuery, LogSource } from '../core/log-lines.js';
import { type WholeLine, WholeLines } from './whole-lines.js';

export type LogPart =
  | { readonly kind: 'lines'; readonly lines: readonly WholeLine[] }
  /** All up to this seq is not asked for: whoever comes again goes on there. */
  | { readonly kind: 'from'; readonly seq: number }
  | LogGap
  | LogEnd;

export async function* readLog(
  source: LogSource,
  query: LogQuery,
  cut: AbortSignal,
): AsyncGenerator<LogPart> {
  const pinned = await pin(source, query, cut);
  if (pinned !== query) yield { kind: 'from', seq: pinned.after as number };
  const whole = new WholeLines();
  for await (const item of source.read(pinned, cut)) yield* parts(item, whole);
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

function* parts(item: LogItem, whole: WholeLines): Generator<LogPart> {
  const lines = item.kind === 'lines' ? whole.lines(item) : item.kind === 'gap' ? whole.gap(item) : [];
  if (lines.length > 0) yield { kind: 'lines', lines };
  if (item.kind !== 'lines') yield item;
}
