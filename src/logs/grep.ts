/** Which lines of a piece hold what is looked for. */
import type { Grep } from '../core/log-lines.js';
import { countLines } from './count.js';
import type { Part } from './lines.js';
import type { Matcher, Matches } from './matcher.js';
import { RegexSearch } from './regex.js';

const NEWLINE = 10;

export function matcherOf({ pattern, fixed }: Grep, cut: AbortSignal): Matcher {
  if (!fixed) return new RegexSearch(pattern, cut);
  const needle = Buffer.from(pattern);
  return { match: bytes => (needle.includes(NEWLINE) ? [] : findAll(bytes, needle)) };
}

function findAll(bytes: Buffer, needle: Buffer): Matches {
  const found: number[] = [];
  let line = 0;
  let at = 0;
  for (let hit = bytes.indexOf(needle); hit !== -1 && at < bytes.length; hit = bytes.indexOf(needle, at)) {
    const start = hit === 0 ? 0 : bytes.lastIndexOf(NEWLINE, hit - 1) + 1;
    line += countLines(bytes.subarray(at, start));
    const end = bytes.indexOf(NEWLINE, hit) + 1 || bytes.length;
    found.push(line, start, end);
    line += 1;
    at = end;
  }
  return found;
}

/** The lines of a part that match, those that follow each other together. */
export function* matching(part: Part, matches: Matches): Generator<Part> {
  for (let at = 0; at < matches.length; ) {
    const [line = 0, start = 0] = matches.slice(at, at + 2);
    let lines = 0;
    let end = start;
    for (; matches[at] === line + lines; at += 3) {
      end = matches[at + 2] ?? end;
      lines += 1;
    }
    yield { record: part.record, seq: part.seq + line, lines, bytes: part.bytes.subarray(start, end) };
  }
}
