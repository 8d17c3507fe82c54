/** The command of a leaf, split into words as a shell would, without a shell. */

import { type ParseEntry, parse } from 'shell-quote';

/** `problem` says what was expected instead. */
export type SplitTarget = { words: string[] } | { problem: string };

const NEEDS_SHELL = "needs a shell: write sh -c '…'";
const QUOTED = /\$'(?:\\[\s\S]|[^'\\])*'|'[^']*'|"((?:\\[\s\S]|[^"\\])*)"|\\[\s\S]/g;
/** Stands for a `$` that begins no name; no command line can hold a NUL of its own. */
const LONE_DOLLAR = '\0';

/**
 * Quotes and backslashes work; `$NAME` and `${NAME}` come from `env`, empty where not set, and fall into several
 * words outside quotes. Globs, `~` and braces stay as they are; what only a shell can do is a problem.
 */
export function splitTarget(text: string, env: NodeJS.ProcessEnv): SplitTarget {
  const problem = unquotedProblem(text);
  if (problem) return { problem };
  const odd: string[] = [];
  const lookUp = (name: string): string => {
    if (name === '') return LONE_DOLLAR;
    if (!/^[A-Za-z_]\w*$/.test(name)) odd.push(name);
    return env[name] ?? '';
  };
  let entries: ParseEntry[];
  try {
    entries = parse(text, lookUp, OPTIONS);
  } catch {
    return { problem: 'every brace after a $ closed' };
  }
  if (odd[0] !== undefined) return { problem: `no \${${odd[0]}}, which ${NEEDS_SHELL}` };
  return wordsOf(entries);
}

/** `splitUnquoted` is missing from the published types. */
const OPTIONS = { splitUnquoted: true } as { escape?: string };

/** shell-quote drops a quote that is never closed, and keeps backticks as letters. */
function unquotedProblem(text: string): string | null {
  const bare = text.replace(QUOTED, (_all, inDouble: string | undefined) =>
    inDouble === undefined ? '' : inDouble.replace(/\\[\s\S]|["']/g, ''),
  );
  if (/["']/.test(bare)) return 'every quote closed';
  if (bare.endsWith('\\')) return 'something after the last backslash';
  return bare.includes('`') ? `no \`…\`, which ${NEEDS_SHELL}` : null;
}

function wordsOf(entries: ParseEntry[]): SplitTarget {
  const words: string[] = [];
  for (const entry of entries) {
    const problem = typeof entry === 'string' ? null : entryProblem(entry);
    if (problem) return { problem };
    words.push(literal(entry));
  }
  if (words.some(word => word.includes(`${LONE_DOLLAR}(`)))
    return { problem: `no $(…), which ${NEEDS_SHELL}` };
  const plain = words.map(word => word.replaceAll(LONE_DOLLAR, '$'));
  if (!plain[0]) return { problem: 'a command' };
  if (/^\w+=/.test(plain[0]))
    return { problem: `a command first; ${plain[0]} before it is written env ${plain[0]} …` };
  return { words: plain };
}

function entryProblem(entry: Exclude<ParseEntry, string>): string | null {
  if ('comment' in entry) return 'no # outside quotes';
  return entry.op === 'glob' ? null : `no ${entry.op} outside quotes, which ${NEEDS_SHELL}`;
}

const literal = (entry: ParseEntry): string =>
  typeof entry === 'string' ? entry : 'pattern' in entry ? entry.pattern : '';
