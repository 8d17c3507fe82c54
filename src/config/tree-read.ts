/** The YAML of a tree file as nodes whose settings are still text, each with its place in the file. */
import { MAX_NAMES } from '../core/names.js';
import { quote } from '../process/shell-words.js';
import { type Given, nearest, settingNamed } from './given.js';
import type { Findings } from './problems.js';
import { SETTING_KEYS, type SettingKey, settingOf } from './settings.js';
import { documentOf, type YamlText } from './yaml-document.js';
import type { YamlMap, YamlNode } from './yaml-nodes.js';

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
  read: YamlText;
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
  const spot: Spot = { read, findings, nodes: 0 };
  const { top } = read;
  if (top?.kind !== 'map') {
    findings.add('syntax', file, 'the settings of the top node', top ? 'something else' : 'nothing');
    return null;
  }
  const defaults = readDefaults(spot, top);
  return { top: readNode(spot, top, '', [], ['defaults']), defaults };
}

function readDefaults(spot: Spot, top: YamlMap): Fields {
  const map = pairOf(top, 'defaults')?.value;
  if (map?.kind === 'map') {
    const allowed = SETTING_KEYS.filter(key => !settingOf(key).single);
    return readFields(spot, map, 'defaults.', allowed, []);
  }
  if (map && !isNothing(map))
    spot.findings.add('syntax', spot.read.placeOf(map), 'defaults: settings and values', 'something else');
  return new Map();
}

/** `steps` is the way down, such as `children[0]`; `above` the path of the parent, null below nothing. */
function readNode(spot: Spot, map: YamlMap, above: string, steps: string[], more: string[]): RawNode {
  spot.nodes += 1;
  if (spot.nodes > MAX_NODES) {
    const most = `at most ${MAX_NODES} nodes in one file`;
    if (spot.nodes === MAX_NODES + 1)
      spot.findings.add('too-deep', spot.read.placeOf(map), most, 'more (by aliases?)');
    return { place: '', path: '', given: new Map(), children: null };
  }
  const name = ['name', 'app_name'].map(key => textOf(pairOf(map, key)?.value)).find(text => text) ?? '?';
  const path = steps.length === 0 ? '' : above === '' ? name : `${above}/${name}`;
  const label = steps.length === 0 ? '' : `${steps.join('.')} (${path}) `;
  const given = readFields(spot, map, label, SETTING_KEYS, ['children', ...more]);
  const node: RawNode = { place: `${spot.read.placeOf(map)} ${label}`, path, given, children: null };
  const pair = pairOf(map, 'children');
  if (!pair || isNothing(pair.value)) return node;
  const { key, value: list } = pair;
  const where = `${spot.read.placeOf(key)} ${label}children`;
  if (list.kind !== 'list') spot.findings.add('syntax', where, 'a list of nodes', 'something else');
  else if (steps.length >= MAX_NAMES)
    spot.findings.add('too-deep', where, `a path of at most ${MAX_NAMES} names`, 'one more');
  node.children =
    list.kind === 'list' && steps.length < MAX_NAMES ? readChildren(spot, list.items, path, steps) : [];
  return node;
}

function readChildren(spot: Spot, items: readonly YamlNode[], above: string, steps: string[]): RawNode[] {
  return items.flatMap((item, index) => {
    if (spot.nodes > MAX_NODES) return [];
    const way = [...steps, `children[${index}]`];
    if (item.kind === 'map') return [readNode(spot, item, above, way, [])];
    const where = `${spot.read.placeOf(item)} ${way.join('.')}`;
    spot.findings.add('syntax', where, 'the settings of a node', 'something else');
    return [];
  });
}

function readFields(
  spot: Spot,
  map: YamlMap,
  label: string,
  allowed: SettingKey[],
  others: string[],
): Fields {
  const fields: Fields = new Map();
  for (const { key, value } of map.items) {
    const word = textOf(key) ?? '';
    const where = `${spot.read.placeOf(key)} ${label}${word}`;
    const setting = settingNamed(word);
    const text = setting && settingText(setting, value);
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
function settingText(setting: SettingKey, value: YamlNode): string | null {
  if (setting === 'env') return pairsOf(value, ' ', quote);
  if (setting === 'labels') return pairsOf(value, ',', text => text);
  return settingOf(setting).list ? listText(value) : textOf(value);
}

function shapeOf(setting: SettingKey): string {
  if (setting === 'env' || setting === 'labels') return 'a single value, or a map of single values';
  return settingOf(setting).list ? 'single values' : 'a single value';
}

/** A map of names and single values, as a text that means just that. */
function pairsOf(node: YamlNode, between: string, as: (text: string) => string): string | null {
  if (node.kind !== 'map') return textOf(node);
  const pairs = node.items.map(({ key, value }) => [textOf(key), textOf(value)] as const);
  if (pairs.some(([name, text]) => name === null || text === null)) return null;
  return pairs.map(([name, text]) => `${name}=${as(text ?? '')}`).join(between);
}

const pairOf = (map: YamlMap, key: string) =>
  map.items.find(item => item.key.kind === 'scalar' && item.key.text === key);
const isNothing = (node: YamlNode): boolean => node.kind === 'scalar' && node.isNothing;

/** A single value as it is written, so that a name such as 007 stays one; null where it is none. */
function textOf(node: YamlNode | undefined): string | null {
  if (node === undefined || isNothing(node)) return '';
  return node.kind === 'scalar' ? node.text : null;
}

/** A list as one text; null where it holds more than single values. */
function listText(node: YamlNode): string | null {
  if (node.kind !== 'list') return textOf(node);
  const items = node.items.map(textOf);
  return items.includes(null) ? null : items.join(', ');
}
