/** The YAML of a tree file as nodes whose settings are still text, each with its place in the file. */

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type YAMLMap,
} from 'yaml';
import { MAX_NAMES } from '../core/names.js';
import { quote } from '../process/shell-words.js';
import { type Given, nearest, settingNamed } from './given.js';
import type { Findings } from './problems.js';
import { SETTING_KEYS, type SettingKey, settingOf } from './settings.js';
import { documentOf } from './yaml-document.js';

export interface RawNode {
  /** `tree.yaml:12:5 children[0] (rack1)`; messages go on with the key. */
  place: string;
  /** Below the file's top node; '' for that one itself. */
  path: string;
  given: Map<SettingKey, Given>;
  /** null where the file has no `children` here. */
  children: RawNode[] | null;
}

export interface RawTree {
  top: RawNode;
  defaults: Map<SettingKey, Given>;
}

/** Where in the file we are. */
interface Spot {
  file: string;
  document: Document;
  lines: LineCounter;
  findings: Findings;
  /** Read so far: aliases of aliases make billions of a few lines. */
  nodes: number;
}
const MAX_NODES = 50_000;
type Fields = Map<SettingKey, Given>;

/** Null where there is no node at all; all else that is wrong is only reported. */
export function readTree(file: string, text: string, findings: Findings): RawTree | null {
  const read = documentOf(file, text, findings);
  if (read === null) return null;
  const { document, lines } = read;
  const spot: Spot = { file, document, lines, findings, nodes: 0 };
  const top = followed(spot, document.contents);
  if (!isMap(top)) {
    findings.add(
      'syntax',
      file,
      'the settings of the top node',
      document.contents ? 'something else' : 'nothing',
    );
    return null;
  }
  const defaults = readDefaults(spot, top);
  return { top: readNode(spot, top, '', [], ['defaults']), defaults };
}

function readDefaults(spot: Spot, top: YAMLMap): Fields {
  const pair = top.items.find(item => textOf(item.key) === 'defaults');
  const map = followed(spot, pair?.value);
  if (isMap(map)) {
    const allowed = SETTING_KEYS.filter(key => !settingOf(key).single);
    return readFields(spot, map, 'defaults.', allowed, []);
  }
  if (pair && !isNothing(map))
    spot.findings.add('syntax', at(spot, map), 'defaults: settings and values', 'something else');
  return new Map();
}

/** `steps` is the way down, such as `children[0]`; `above` the path of the parent, null below nothing. */
function readNode(spot: Spot, map: YAMLMap, above: string, steps: string[], more: string[]): RawNode {
  spot.nodes += 1;
  if (spot.nodes > MAX_NODES) {
    const most = `at most ${MAX_NODES} nodes in one file`;
    if (spot.nodes === MAX_NODES + 1)
      spot.findings.add('too-deep', at(spot, map), most, 'more (by aliases?)');
    return { place: '', path: '', given: new Map(), children: null };
  }
  const name = ['name', 'app_name'].map(key => textOf(map.get(key, true))).find(text => text) ?? '?';
  const path = steps.length === 0 ? '' : above === '' ? name : `${above}/${name}`;
  const label = steps.length === 0 ? '' : `${steps.join('.')} (${path}) `;
  const given = readFields(spot, map, label, SETTING_KEYS, ['children', ...more]);
  const node: RawNode = { place: `${at(spot, map)} ${label}`, path, given, children: null };
  const pair = map.items.find(item => textOf(item.key) === 'children');
  if (!pair || isNothing(pair.value)) return node;
  const list = followed(spot, pair.value);
  const where = `${at(spot, pair.key)} ${label}children`;
  if (!isSeq(list)) spot.findings.add('syntax', where, 'a list of nodes', 'something else');
  else if (steps.length >= MAX_NAMES)
    spot.findings.add('too-deep', where, `a path of at most ${MAX_NAMES} names`, 'one more');
  node.children = isSeq(list) && steps.length < MAX_NAMES ? readChildren(spot, list.items, path, steps) : [];
  return node;
}

function readChildren(spot: Spot, items: unknown[], above: string, steps: string[]): RawNode[] {
  return items.flatMap((item, index) => {
    if (spot.nodes > MAX_NODES) return [];
    const way = [...steps, `children[${index}]`];
    const map = followed(spot, item);
    if (isMap(map)) return [readNode(spot, map, above, way, [])];
    spot.findings.add(
      'syntax',
      `${at(spot, item)} ${way.join('.')}`,
      'the settings of a node',
      'something else',
    );
    return [];
  });
}

function readFields(
  spot: Spot,
  map: YAMLMap,
  label: string,
  allowed: SettingKey[],
  others: string[],
): Fields {
  const fields: Fields = new Map();
  for (const { key, value } of map.items) {
    const word = textOf(key) ?? '';
    const where = `${at(spot, key)} ${label}${word}`;
    const setting = settingNamed(word);
    const text = setting && settingText(spot, setting, value);
    if (others.includes(word)) continue;
    if (!setting)
      spot.findings.add('unknown-key', where, nearest(word, [...allowed, ...others]), JSON.stringify(word));
    else if (!allowed.includes(setting))
      spot.findings.add('conflict', where, 'it on the node itself', 'it among the defaults');
    else if (text === null) spot.findings.add('invalid-value', where, shapeOf(setting), 'a list or a map');
    else if (text.trim() !== '') fields.set(setting, { text, where });
  }
  return fields;
}

/** Null for what has no text: a list or a map where none is meant. */
function settingText(spot: Spot, setting: SettingKey, value: unknown): string | null {
  if (setting === 'env') return pairsOf(spot, value, ' ', quote);
  if (setting === 'labels') return pairsOf(spot, value, ',', text => text);
  return settingOf(setting).list ? listText(spot, value) : textOf(followed(spot, value));
}

function shapeOf(setting: SettingKey): string {
  if (setting === 'env' || setting === 'labels') return 'a single value, or a map of single values';
  return settingOf(setting).list ? 'single values' : 'a single value';
}

/** A map of names and single values, as a text that means just that. */
function pairsOf(spot: Spot, value: unknown, between: string, as: (text: string) => string): string | null {
  const node = followed(spot, value);
  if (!isMap(node)) return textOf(node);
  const pairs = node.items.map(item => [textOf(item.key), scalarOf(followed(spot, item.value))] as const);
  if (pairs.some(([name, text]) => name === null || text === null)) return null;
  return pairs.map(([name, text]) => `${name}=${as(text ?? '')}`).join(between);
}
const scalarOf = (node: unknown): string | null =>
  isScalar(node) && typeof node.value === 'string' ? node.value : textOf(node);

const followed = (spot: Spot, node: unknown): unknown => (isAlias(node) ? node.resolve(spot.document) : node);
const isNothing = (node: unknown): boolean => node == null || (isScalar(node) && node.value === null);

/** A scalar as it is written, so that a name such as 007 stays one; null where it is no scalar. */
function textOf(node: unknown): string | null {
  if (isNothing(node)) return '';
  return isScalar(node) ? (node.source ?? String(node.value)) : null;
}

/** A list as one text; null where it holds more than single values. */
function listText(spot: Spot, value: unknown): string | null {
  const node = followed(spot, value);
  if (!isSeq(node)) return textOf(node);
  const items = node.items.map(item => textOf(followed(spot, item)));
  return items.includes(null) ? null : items.join(', ');
}

/** `tree.yaml:12:5` */
function at({ file, lines }: Spot, node: unknown): string {
  const offset = typeof node === 'number' ? node : ((node as Node | null)?.range?.[0] ?? 0);
  const { line, col } = lines.linePos(offset);
  return `${file}:${line}:${col}`;
}
