/** Where the last N lines begin. */
import { setImmediate } from 'node:timers/promises';
import type { LogQuery } from '../core/log-lines.js';
import { lastPlace, type Place, preceding } from './find.js';
import type { Matcher } from './matcher.js';
import type { ReadPorts } from './ports.js';
import { type LineRecord, nextSeq } from './record.js';
import { readSpan } from './span.js';

/** Records that are looked at before somebody else's turn. */
export const AT_ONCE = 1000;

/** Whether its lines are of the stream and the time asked for. */
export const asksFor = ({ stream, since, until }: LogQuery, record: LineRecord): boolean =>
  (stream === undefined || record.stream === stream) &&
  (since === undefined || record.ts >= since) &&
  (until === undefined || record.ts <= until);

/** The seq from which on at most `tail` lines pass, not before `from`. Without a `matcher` it reads the index alone. */
export async function tailStart(
  ports: ReadPorts,
  query: LogQuery,
  from: number,
  matcher: Matcher | null,
  cut: AbortSignal,
): Promise<number> {
  const { index } = ports;
  let left = query.tail ?? 0;
  let start = index.seq;
  let place: Place | null = lastPlace(index);
  for (let seen = 1; place !== null && left > 0 && !cut.aborted; place = preceding(index, place), seen++) {
    if (seen % AT_ONCE === 0) await setImmediate();
    const record = index.at(place);
    if (record === null || nextSeq(record) <= from || place.segment.dropped) break;
    if (record.lost || !asksFor(query, record)) continue;
    const seqs = matcher ? await matchesIn(ports, record, matcher) : null;
    const lines = seqs?.length ?? record.lines;
    if (lines === 0) continue;
    const skipped = Math.max(0, lines - left);
    start = seqs?.[skipped] ?? record.seq + skipped;
    left -= lines;
  }
  return left > 0 ? from : Math.max(from, start);
}

async function matchesIn({ files }: ReadPorts, record: LineRecord, matcher: Matcher): Promise<number[]> {
  const bytes = await readSpan(files[record.stream], record.offset, record.bytes);
  const matches = bytes ? await matcher.match(bytes) : [];
  return matches.filter((_, at) => at % 3 === 0).map(line => record.seq + line);
}
