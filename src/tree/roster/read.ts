/** Reads a roster. What can't be read is set aside, and what can be is kept. */
import { copyFileSync, readFileSync, renameSync, statSync } from 'node:fs';
import { CanopyError } from '../../core/errors.js';
import { Contents, VERSION } from './lines.js';

/** Bytes; we write none that is larger. */
const MOST_BYTES = 256 * 1024 * 1024;

export interface Found {
  readonly contents: Contents;
  /** Null where there was nothing to say of it. */
  readonly problem: CanopyError | null;
  /** What follows must not be taken for the end of its last line, or the file is to be written anew. */
  readonly mend: boolean;
}

/** `most`: nodes at most. Never throws. `mark`: what a file that is set aside is called by. */
export function readRoster(file: string, most: number, mark: string): Found {
  const empty = new Contents(most);
  let text: string;
  try {
    const { size } = statSync(file);
    if (size > MOST_BYTES) throw new Error(`expected at most ${MOST_BYTES} bytes, found ${size}`);
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      return { contents: empty, problem: null, mend: false };
    return { contents: empty, problem: aside(file, mark, 'moved', (error as Error).message), mend: true };
  }
  const version = versionOf(text);
  if (typeof version === 'number' && version > VERSION) {
    const why = `it is of version ${version}, and ${VERSION} is the newest that is known here`;
    return { contents: empty, problem: aside(file, mark, 'moved', why, 'newer-roster'), mend: true };
  }
  return parse(file, text, empty, mark);
}

function parse(file: string, text: string, contents: Contents, mark: string): Found {
  const lines = text.split('\n');
  const torn = lines.pop() ?? '';
  let [bad, why] = [0, ''];
  lines.forEach((line, at) => {
    try {
      contents.take(JSON.parse(line));
    } catch (error) {
      if (bad++ === 0) why = `line ${at + 1}: ${(error as Error).message.slice(0, 200)}`;
    }
  });
  if (bad > 0) {
    const said = `${bad} of ${lines.length} lines are none of ours (${why}); ${contents.nodes.size} nodes are kept`;
    return { contents, problem: aside(file, mark, 'copied', said), mend: true };
  }
  if (torn === '') return { contents, problem: null, mend: false };
  const said = `${file}: the last line was cut off in the writing; ${contents.nodes.size} nodes are kept`;
  return { contents, problem: new CanopyError('bad-roster', said), mend: true };
}

function versionOf(text: string): unknown {
  try {
    return (JSON.parse(text.slice(0, text.indexOf('\n'))) as { v?: unknown } | null)?.v;
  } catch {
    return undefined;
  }
}

function aside(
  file: string,
  mark: string,
  how: 'moved' | 'copied',
  why: string,
  code: 'bad-roster' | 'newer-roster' = 'bad-roster',
): CanopyError {
  const to = `${file}.bad-${mark}`;
  try {
    if (how === 'moved') renameSync(file, to);
    else copyFileSync(file, to);
    return new CanopyError(code, `${file}: ${why}; it is set aside as ${to}`);
  } catch (error) {
    return new CanopyError(code, `${file}: ${why}; it can't be set aside: ${(error as Error).message}`);
  }
}
