/** The text of a YAML file as a document; all that is wrong with it is reported. */
import { Composer, type CST, type Document, LineCounter, Parser } from 'yaml';
import type { Findings } from './problems.js';

/** Levels of lists and maps in each other: more than a tree of nodes has that is as deep as may be. */
const DEEPEST = 100;

export interface YamlText {
  readonly document: Document;
  readonly lines: LineCounter;
}

/** Null where it is no YAML, or nested too deep to be anything of ours, which is reported. */
export function documentOf(file: string, text: string, findings: Findings): YamlText | null {
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const deep = tooDeep(tokens);
  if (deep !== null) {
    findings.add('too-deep', place(deep), `at most ${DEEPEST} lists and maps in each other`, 'one more');
    return null;
  }
  const composer = new Composer({ lineCounter: lines, prettyErrors: false });
  const [document, ...more] = composer.compose(tokens, true, text.length);
  if (document === undefined) return null;
  for (const { pos, message } of [...document.errors, ...document.warnings])
    findings.add('syntax', place(pos[0]), 'valid YAML', message);
  for (const { range } of more) findings.add('syntax', place(range[0]), 'one document', 'another one');
  return document.errors.length + more.length > 0 ? null : { document, lines };
}

/**
 * Where the first collection is that lies too deep. Composing calls itself for each level, and where V8 has to compile a regular
 * expression on a stack that is nearly full, it does not throw: it ends the process (RegExpCompiler::ToNodeCheckForStackOverflow).
 */
function tooDeep(tokens: readonly CST.Token[]): number | null {
  const left = tokens.map(token => ({ token, depth: 0 }));
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { token, depth } = next;
    if (depth > DEEPEST) return token.offset;
    if (token.type === 'document' && token.value) left.push({ token: token.value, depth });
    if (!('items' in token)) continue;
    for (const { key, value } of token.items)
      for (const inner of [key, value]) if (inner) left.push({ token: inner, depth: depth + 1 });
  }
  return null;
}
