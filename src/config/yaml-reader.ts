/** A YAML file read key by key, each with its line and column; all that is wrong is reported, none of it thrown. */
import { nearest } from './given.js';
import type { Findings } from './problems.js';
import { documentOf, type YamlText } from './yaml-document.js';
import type { YamlNode } from './yaml-nodes.js';

/** A value and where it stands. */
export interface Spot {
  readonly node: YamlNode | null;
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
    private readonly read: YamlText,
    private readonly findings: Findings,
  ) {}

  /** Null where it is no YAML, which is reported. */
  static open(file: string, text: string, findings: Findings): { reader: YamlReader; top: Spot } | null {
    const read = documentOf(file, text, findings);
    if (read === null) return null;
    return { reader: new YamlReader(read, findings), top: { node: read.top, where: file, label: '' } };
  }

  /** The keys of a map; unknown ones are reported, those without a value are left out. Null, reported, where it is none. */
  fields(spot: Spot, expected: string, known: readonly string[] | null): Fields | null {
    if (spot.node?.kind !== 'map') return this.wrong(spot, expected);
    const fields = new Map<string, Spot>();
    for (const { key, value } of spot.node.items.slice(0, MOST_ITEMS)) {
      const word = key.kind === 'scalar' ? key.text : '';
      const label = spot.label === '' ? word : `${spot.label}.${word}`;
      const where = `${this.read.placeOf(key)} ${label}`;
      if (known !== null && !known.includes(word))
        this.findings.add('unknown-key', where, nearest(word, known), JSON.stringify(word));
      else if (!isNothing(value)) fields.set(word, { node: value, where, label });
    }
    return fields;
  }

  /** A list, or one single thing as a list of it. */
  items(spot: Spot): Spot[] {
    if (spot.node?.kind !== 'list') return [spot];
    if (spot.node.items.length > MOST_ITEMS)
      this.findings.add('too-deep', spot.where, `at most ${MOST_ITEMS} of them`, `${spot.node.items.length}`);
    return spot.node.items.slice(0, MOST_ITEMS).map((item, at) => {
      const label = `${spot.label}[${at}]`;
      return { node: item, where: `${this.read.placeOf(item)} ${label}`, label };
    });
  }

  isList(spot: Spot): boolean {
    return spot.node?.kind === 'list';
  }
  isMap(spot: Spot): boolean {
    return spot.node?.kind === 'map';
  }

  /** A single value as it is written; null, reported, for a list, a map or nothing. */
  text(spot: Spot, expected: string): string | null {
    const text = spot.node?.kind === 'scalar' ? spot.node.text : '';
    return text === '' ? this.wrong(spot, expected) : text;
  }

  /** Reports it, without what was found: that may be a secret. */
  wrong(spot: Spot, expected: string, found = kindOf(spot.node)): null {
    this.findings.add('invalid-value', spot.where, expected, found);
    return null;
  }
}

const isNothing = (node: YamlNode | null): boolean =>
  node === null || (node.kind === 'scalar' && node.isNothing);

function kindOf(node: YamlNode | null): string {
  if (node?.kind === 'list' || node?.kind === 'map') return `a ${node.kind}`;
  return isNothing(node) ? 'nothing' : 'something else';
}
