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
  const entries = parsed(text, env);
  return 'problem' in entries ? entries : wordsOf(entries.words);
}

/** `NAME=value`, several of them split in the same way; a later one of the same name wins. */
export function splitVariables(
  text: string,
  env: NodeJS.ProcessEnv,
): { variables: Record<string, string> } | { problem: string } {
  const entries = parsed(text, env);
  const split = 'problem' in entries ? entries : literals(entries.words);
  if ('problem' in split) return split;
  const pairs = split.words.map(word => /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(word));
  const wrong = split.words[pairs.indexOf(null)];
  if (wrong !== undefined) return { problem: `NAME=value, and not ${JSON.stringify(wrong)}` };
  const named = pairs.map(pair => [pair?.[1] ?? '', pair?.[2] ?? ''] as const);
  const own = named.find(([name]) => name.startsWith('CANOPY_'));
  if (own) return { problem: `no ${own[0]}: a target gets nothing that begins with CANOPY_` };
  return { variables: Object.fromEntries(named) };
}

/** Letters that mean themselves wherever they stand: most commands have no others, and parsing one takes a tenth of a millisecond. */
const PLAIN = /^[\w @%+=:,./-]*$/;

function parsed(text: string, env: NodeJS.ProcessEnv): { words: ParseEntry[] } | { problem: string } {
  if (PLAIN.test(text)) return { words: text.split(' ').filter(Boolean) };
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
    entries = parse(withoutLost(text).replace(GLOB, hidden), lookUp, OPTIONS);
  } catch {
    return { problem: 'every brace after a $ closed' };
  }
  if (odd[0] !== undefined) return { problem: `no \${${shown(odd[0])}}, which ${NEEDS_SHELL}` };
  return { words: entries };
}

/** `splitUnquoted` is missing from the published types. */
const OPTIONS = { splitUnquoted: true } as { escape?: string };

/** shell-quote makes one word of whatever holds one; noncharacters of Unicode, meant for such a use, hold their places. */
const GLOB = /(?<!\$)[*?]/g;
const hidden = (glob: string): string => (glob === '*' ? '\uFDD0' : '\uFDD1');
const shown = (text: string): string => text.replaceAll('\uFDD0', '*').replaceAll('\uFDD1', '?');

/** A backslash before the end of a line goes with it, and in double quotes one before a backtick: shell-quote keeps both. */
const withoutLost = (text: string): string =>
  text.replace(QUOTED, (all, inDouble: string | undefined) => {
    if (inDouble === undefined) return all === '\\\n' ? '' : all;
    return `"${inDouble.replace(/\\([\s\S])/g, (pair, of) => (of === '\n' ? '' : of === '`' ? of : pair))}"`;
  });

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
  const split = literals(entries);
  if ('problem' in split) return split;
  const [first] = split.words;
  if (!first) return { problem: 'a command' };
  if (/^\w+=/.test(first))
    return { problem: `a command first; ${first} before it is written env ${first} …` };
  return split;
}

function literals(entries: ParseEntry[]): SplitTarget {
  const words: string[] = [];
  for (const entry of entries) {
    const problem = typeof entry === 'string' ? null : entryProblem(entry);
    if (problem) return { problem };
    words.push(literal(entry));
  }
  if (words.some(word => word.includes(`${LONE_DOLLAR}(`)))
    return { problem: `no $(…), which ${NEEDS_SHELL}` };
  return { words: words.map(word => shown(word.replaceAll(LONE_DOLLAR, '$'))) };
}

function entryProblem(entry: Exclude<ParseEntry, string>): string | null {
  if ('comment' in entry) return 'no # outside quotes';
  return entry.op === 'glob' ? null : `no ${entry.op} outside quotes, which ${NEEDS_SHELL}`;
}

const literal = (entry: ParseEntry): string =>
  typeof entry === 'string' ? entry : 'pattern' in entry ? entry.pattern : '';
