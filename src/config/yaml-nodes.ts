/** What a YAML parser tells one after the other, as nodes: as they are written, aliases followed. */
import { EVENT_ID, type Event, getScalarValue, SCALAR_STYLE, type ScalarEvent } from 'js-yaml';

export interface YamlScalar {
  readonly kind: 'scalar';
  /** Where it stands: characters from the beginning. */
  readonly at: number;
  /** Of what is quoted the text, else as it is written. */
  readonly text: string;
  /** No text at all, `~` or `null`. */
  readonly isNothing: boolean;
}
export interface YamlList {
  readonly kind: 'list';
  readonly at: number;
  readonly items: YamlNode[];
}
export interface YamlMap {
  readonly kind: 'map';
  readonly at: number;
  readonly items: YamlPair[];
}
export interface YamlPair {
  readonly key: YamlNode;
  readonly value: YamlNode;
}
export type YamlNode = YamlScalar | YamlList | YamlMap;

export interface YamlProblem {
  readonly at: number;
  readonly expected: string;
  readonly found: string;
}

/** The top node of each document. */
export function nodesOf(
  events: readonly Event[],
  text: string,
): { tops: YamlNode[]; problems: YamlProblem[] } {
  const building = new Building(text);
  for (const event of events) building.take(event);
  return building;
}

/** Tags of the core schema (YAML 1.2.2, 10.3), and the one that says: as it is. */
const TAGS = ['!', '!!str', '!!int', '!!float', '!!bool', '!!null', '!!seq', '!!map'];
const TEXT_TAGS = ['!', '!!str'];
const NOTHING = /^(?:~|null|Null|NULL|)$/;

/** A list or a map that is not closed yet. */
interface Open {
  readonly node: YamlList | YamlMap;
  /** Of a map: its keys until now, and the one whose value comes next. */
  readonly keys: Set<string>;
  key: YamlNode | null;
}

class Building {
  readonly tops: YamlNode[] = [];
  readonly problems: YamlProblem[] = [];
  private readonly open: Open[] = [];
  private anchors = new Map<string, YamlNode>();

  constructor(private readonly text: string) {}

  take(event: Event): void {
    switch (event.type) {
      case EVENT_ID.DOCUMENT:
        this.anchors = new Map();
        return;
      case EVENT_ID.SCALAR:
        return this.add(this.scalar(event), event);
      case EVENT_ID.SEQUENCE:
        return this.begin({ kind: 'list', at: event.start, items: [] }, event);
      case EVENT_ID.MAPPING:
        return this.begin({ kind: 'map', at: event.start, items: [] }, event);
      case EVENT_ID.ALIAS:
        return this.follow(event.anchorStart, this.text.slice(event.anchorStart, event.anchorEnd));
      case EVENT_ID.POP:
        this.open.pop();
    }
  }

  private begin(node: YamlList | YamlMap, event: Properties): void {
    this.add(node, event);
    this.open.push({ node, keys: new Set(), key: null });
  }

  private scalar(event: ScalarEvent): YamlScalar {
    const text = event.valueStart < 0 ? '' : getScalarValue(this.text, event);
    const isPlain = event.style === SCALAR_STYLE.PLAIN && !TEXT_TAGS.includes(this.tagOf(event));
    // Nothing stands nowhere.
    const at = event.valueStart < 0 ? (this.open.at(-1)?.node.at ?? 0) : event.valueStart;
    return { kind: 'scalar', at, text, isNothing: isPlain && NOTHING.test(text) };
  }

  private tagOf({ tagStart, tagEnd }: Properties): string {
    return tagStart < 0 ? '' : this.text.slice(tagStart, tagEnd);
  }

  private follow(at: number, name: string): void {
    const node = this.anchors.get(name);
    if (node) this.place(node);
    else this.wrong(at, 'valid YAML', `*${name}, and no &${name} before it`);
  }

  private add(node: YamlNode, event: Properties): void {
    const tag = this.tagOf(event);
    if (tag !== '' && !TAGS.includes(tag)) this.wrong(event.tagStart, 'valid YAML', `the unknown tag ${tag}`);
    if (event.anchorStart >= 0) this.anchors.set(this.text.slice(event.anchorStart, event.anchorEnd), node);
    this.place(node);
  }

  private place(node: YamlNode): void {
    const into = this.open.at(-1);
    if (!into) {
      if (this.tops.length > 0) this.wrong(node.at, 'one document', 'another one');
      this.tops.push(node);
    } else if (into.node.kind === 'list') into.node.items.push(node);
    else if (into.key === null) this.begun(into, node);
    else {
      into.node.items.push({ key: into.key, value: node });
      into.key = null;
    }
  }

  private begun(map: Open, key: YamlNode): void {
    map.key = key;
    if (key.kind !== 'scalar') return;
    if (map.keys.has(key.text)) this.wrong(key.at, 'valid YAML', `the key ${key.text} twice in one map`);
    map.keys.add(key.text);
  }

  private wrong(at: number, expected: string, found: string): void {
    this.problems.push({ at, expected, found });
  }
}

interface Properties {
  readonly anchorStart: number;
  readonly anchorEnd: number;
  readonly tagStart: number;
  readonly tagEnd: number;
}
