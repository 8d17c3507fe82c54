/** What a follower asked of the lines that all followers share; a substring is looked for in place. Pure. */
import type { LogLines, LogQuery, LogRun } from '../core/log-lines.js';

const NEWLINE = 0x0a;

/** A regular expression may take for ever, and is tried at the leaf alone. */
export const isLocal = ({ grep }: LogQuery): boolean => grep === undefined || grep.fixed;

/** The lines that fit, or null. `pieces` of a line are judged one by one: those of more than 64 KiB may be missed. */
export function fitting(lines: LogLines, { stream, since, until, grep }: LogQuery): LogLines | null {
  if (stream === undefined && since === undefined && until === undefined && grep === undefined) return lines;
  const wanted = (run: LogRun): boolean =>
    (stream === undefined || run.stream === stream) &&
    (since === undefined || run.ts >= since) &&
    (until === undefined || run.ts <= until);
  const needle = grep === undefined ? null : Buffer.from(grep.pattern);
  const found: { run: LogRun; bytes: Buffer }[] = [];
  let at = 0;
  for (const run of lines.runs) {
    const bytes = lines.bytes.subarray(at, at + run.bytes);
    at += run.bytes;
    if (!wanted(run)) continue;
    if (needle === null) found.push({ run, bytes });
    else found.push(...having(run, bytes, needle));
  }
  if (found.length === 0) return null;
  return {
    kind: 'lines',
    runs: found.map(({ run }) => run),
    bytes: Buffer.concat(found.map(({ bytes }) => bytes)),
  };
}

function having(run: LogRun, bytes: Buffer, needle: Buffer): { run: LogRun; bytes: Buffer }[] {
  if (!bytes.includes(needle)) return [];
  const { more: _more, unended: _unended, ...plain } = run;
  const found: { run: LogRun; bytes: Buffer }[] = [];
  let at = 0;
  for (let nth = 0; nth < run.lines; nth++) {
    const isLast = nth === run.lines - 1;
    const end = isLast ? bytes.length : bytes.indexOf(NEWLINE, at) + 1;
    const line = bytes.subarray(at, end);
    if (line.includes(needle))
      found.push({
        run: { ...(isLast ? run : plain), seq: run.seq + nth, lines: 1, bytes: line.length },
        bytes: line,
      });
    at = end;
  }
  return found;
}
