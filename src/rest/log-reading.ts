/** Reads a log for a client over HTTP: in whole lines, from a definite place. */
import { isUtf8 } from 'node:buffer';
import type { LogEnd, LogGap, LogItem, LogLines, LogQuery, LogSource } from '../core/log-lines.js';
import { type WholeLine, WholeLines } from './whole-lines.js';

export type LogPart =
  | { readonly kind: 'lines'; readonly lines: readonly WholeLine[] }
  /** Lines as they are text already. */
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  /** All up to this seq is not asked for: whoever comes again goes on there. */
  | { readonly kind: 'from'; readonly seq: number }
  | LogGap
  | LogEnd;

export async function* readLog(
  source: LogSource,
  query: LogQuery,
  cut: AbortSignal,
  /** What is whole lines of sound UTF-8 may stay bytes: to take it apart costs many times what it takes to hand it on. */
  mayBeBytes = false,
): AsyncGenerator<LogPart> {
  const pinned = await pin(source, query, cut);
  if (pinned !== query) yield { kind: 'from', seq: pinned.after as number };
  const whole = new WholeLines();
  for await (const item of source.read(pinned, cut)) {
    if (mayBeBytes && item.kind === 'lines' && isText(item, whole))
      yield { kind: 'bytes', bytes: item.bytes };
    else yield* parts(item, whole);
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

const isText = ({ runs, bytes }: LogLines, whole: WholeLines): boolean =>
  !whole.isHalf && !runs.some(run => run.more) && isUtf8(bytes);

function* parts(item: LogItem, whole: WholeLines): Generator<LogPart> {
  const lines = item.kind === 'lines' ? whole.lines(item) : item.kind === 'gap' ? whole.gap(item) : [];
  if (lines.length > 0) yield { kind: 'lines', lines };
  if (item.kind !== 'lines') yield item;
}
