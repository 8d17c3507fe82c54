/** Where the last N lines begin. */
import type { LogQuery } from '../core/log-lines.js';
import { lastPlace, type Place, preceding } from './find.js';
import type { ReadPorts } from './reader.js';
import { nextSeq } from './record.js';

/** The seq from which on at most `tail` lines pass, not before `from`. Reads the index alone. */
export async function tailStart({ index }: ReadPorts, query: LogQuery, from: number): Promise<number> {
  const { tail = 0, stream, since, until } = query;
  let left = tail;
  let start = index.seq;
  for (let place: Place | null = lastPlace(index); place !== null; place = preceding(index, place)) {
    if (left <= 0) break;
    const record = index.at(place);
    if (record === null || nextSeq(record) <= from) break;
    const { ts } = record;
    const passes =
      (stream === undefined || record.stream === stream) &&
      (since === undefined || ts >= since) &&
      (until === undefined || ts <= until);
    if (!passes || record.lost) continue;
    start = Math.max(nextSeq(record) - left, record.seq);
    left -= record.lines;
  }
  return left > 0 ? from : Math.max(from, start);
}
