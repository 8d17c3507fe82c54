/** Says a log in the contract's words on `log`, as far as its reader and the link go. */
import type { Link } from '../../broker/link.js';
import type { LogItem, LogQuery, LogSource } from '../core/log-lines.js';
import { encode } from '../protocol/codec.js';
import { LineText, logPayloads } from '../protocol/log-text.js';
import { TOPICS } from '../protocol/topics.js';
import { unlessCut } from './abortable.js';

export interface Voice {
  readonly link: Link;
  readonly topic: string;
  /** Of the leaf; null where it is not known. */
  readonly epoch: () => number | null;
  /** Resolves when those who listen take more. */
  readonly ready: () => Promise<unknown>;
}

/** Until it is cut. Throws what reading throws. */
export async function speak(
  source: LogSource,
  query: LogQuery,
  { link, topic, epoch, ready }: Voice,
  cut: AbortSignal,
): Promise<void> {
  const text = new LineText();
  const { qos, retain } = TOPICS.log;
  for await (const item of source.read(query, cut)) {
    for (const payload of payloadsOf(item, text, epoch())) link.publish({ topic, payload, qos, retain });
    await unlessCut(Promise.all([link.drained(), ready()]), cut);
    if (cut.aborted) return;
  }
}

/** An item in the contract's words. */
export function payloadsOf(item: LogItem, text: LineText, epoch: number | null): Buffer[] {
  if (item.kind === 'lines') return logPayloads(text.lines(item), epoch);
  if (item.kind === 'end') return [];
  const { from, to, reason } = item;
  return [encode('log', { v: 1, gap: { from, to, reason } })];
}
