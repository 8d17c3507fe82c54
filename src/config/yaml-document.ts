/** The text of a YAML file as nodes, each with its place; all that is wrong with it is reported. */
import { parseEvents, YAMLException } from 'js-yaml';
import { lowest } from '../core/lowest.js';
import type { Findings } from './problems.js';
import { nodesOf, type YamlNode } from './yaml-nodes.js';

/** Levels of lists and maps in each other: more than a tree of nodes has that is as deep as may be. */
const DEEPEST = 100;

export interface YamlText {
  /** Null where there is none. */
  readonly top: YamlNode | null;
  /** `tree.yaml:12:5`, of a node or of null, which stands for the whole. */
  placeOf(node: { readonly at: number } | null): string;
}

/** Null where it is no YAML, or nested too deep to be anything of ours, which is reported. */
export function documentOf(file: string, text: string, findings: Findings): YamlText | null {
  const lines = lineStarts(text);
  const placeOf = (node: { readonly at: number } | null): string => {
    const at = node?.at ?? 0;
    const line = lowest(lines.length, next => (lines[next] ?? 0) > at);
    return `${file}:${line}:${at - (lines[line - 1] ?? 0) + 1}`;
  };
  try {
    // The document and what is in the innermost one are levels of their own.
    const events = parseEvents(text, { maxDepth: DEEPEST + 2 });
    const { tops, problems } = nodesOf(events, text);
    for (const { at, expected, found } of problems) findings.add('syntax', placeOf({ at }), expected, found);
    return problems.length > 0 ? null : { top: tops[0] ?? null, placeOf };
  } catch (error) {
    const { reason, mark } = error instanceof YAMLException ? error : { reason: String(error), mark: null };
    const where = placeOf({ at: Math.min(mark?.position ?? 0, text.length) });
    if (/\bmaxDepth\b/.test(reason))
      findings.add('too-deep', where, `at most ${DEEPEST} lists and maps in each other`, 'one more');
    else findings.add('syntax', where, 'valid YAML', reason);
    return null;
  }
}

const lineStarts = (text: string): number[] => [
  0,
  ...Array.from(text.matchAll(/\r\n?|\n/g), found => found.index + found[0].length),
];
