/** A YAML file read key by key, each with its line and column; all that is wrong is reported, none of it thrown. */
import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node } from 'yaml';
import { nearest } from './given.js';
import type { Findings } from './problems.js';
import { documentOf } from './yaml-document.js';

/** A value and where it stands. */
export interface Spot {
  readonly node: unknown;
  /** `alerts.yaml:3:5 rules[0].for` */
  readonly where: string;
  /** `rules[0].for` */
  readonly label: string;
}
export type Fields = ReadonlyMap<string, Spot>;

/** Items of a list that are looked at: aliases of aliases make billions of a few lines. */
const MOST_ITEMS = 1000;

export class YamlReader {
  private constructor(
    private readonly file: string,
    private readonly document: Document,
    private readonly lines: LineCounter,
    private readonly findings: Findings,
  ) {}

  /** Null where it is no YAML, which is reported. */
  static open(file: string, text: string, findings: Findings): { reader: YamlReader; top: Spot } | null {
    const read = documentOf(file, text, findings);
    if (read === null) return null;
    const { document, lines } = read;
    const reader = new YamlReader(file, document, lines, findings);
    return { reader, top: { node: reader.followed(document.contents), where: file, label: '' } };
  }

  /** The keys of a map; unknown ones are reported, those without a value are left out. Null, reported, where it is none. */
  fields(spot: Spot, expected: string, known: readonly string[] | null): Fields | null {
    if (!isMap(spot.node)) return this.wrong(spot, expected);
    const fields = new Map<string, Spot>();
    for (const { key, value } of spot.node.items.slice(0, MOST_ITEMS)) {
      const word = scalar(key) ?? '';
      const label = spot.label === '' ? word : `${spot.label}.${word}`;
      const where = `${this.at(key)} ${label}`;
      if (known !== null && !known.includes(word))
        this.findings.add('unknown-key', where, nearest(word, known), JSON.stringify(word));
      else if (!isNothing(this.followed(value)))
        fields.set(word, { node: this.followed(value), where, label });
    }
    return fields;
  }

  /** A list, or one single thing as a list of it. */
  items(spot: Spot): Spot[] {
    if (!isSeq(spot.node)) return [spot];
    if (spot.node.items.length > MOST_ITEMS)
      this.findings.add('too-deep', spot.where, `at most ${MOST_ITEMS} of them`, `${spot.node.items.length}`);
    return spot.node.items.slice(0, MOST_ITEMS).map((item, at) => {
      const label = `${spot.label}[${at}]`;
      return { node: this.followed(item), where: `${this.at(item)} ${label}`, label };
    });
  }

  isList(spot: Spot): boolean {
    return isSeq(spot.node);
  }
  isMap(spot: Spot): boolean {
    return isMap(spot.node);
  }

  /** A single value as it is written; null, reported, for a list, a map or nothing. */
  text(spot: Spot, expected: string): string | null {
    const text = isScalar(spot.node) ? scalar(spot.node) : null;
    return text === null || text === '' ? this.wrong(spot, expected) : text;
  }

  /** Reports it, without what was found: that may be a secret. */
  wrong(spot: Spot, expected: string, found = kindOf(spot.node)): null {
    this.findings.add('invalid-value', spot.where, expected, found);
    return null;
  }

  private followed(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.document) : node;
  }

  private at(node: unknown): string {
    const offset = typeof node === 'number' ? node : ((node as Node | null)?.range?.[0] ?? 0);
    const { line, col } = this.lines.linePos(offset);
    return `${this.file}:${line}:${col}`;
  }
}

const isNothing = (node: unknown): boolean => node == null || (isScalar(node) && node.value === null);

function kindOf(node: unknown): string {
  if (isSeq(node)) return 'a list';
  if (isMap(node)) return 'a map';
  return isNothing(node) ? 'nothing' : 'something else';
}

/** Of what is quoted the text, else as it is written. */
function scalar(node: unknown): string | null {
  if (!isScalar(node)) return null;
  return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
}
