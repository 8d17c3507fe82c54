/** A whole tree from one YAML file: who is whose parent, and which nodes this process hosts. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type BrokerAddress, isWildcard } from './address.js';
import { checkedValues } from './given.js';
import { OTHERS } from './load.js';
import { Findings } from './problems.js';
import { resolveNode } from './resolve.js';
import { type NodeSettings, PARENT_KEYS, type Role, settingOf } from './settings.js';
import { checkTree } from './tree-checks.js';
import { placeNeeds } from './tree-needs.js';
import type { LoadTreeOptions, PlacedNode, TreeNode } from './tree-node.js';
import { type RawNode, type RawTree, readTree } from './tree-read.js';

export type { LoadTreeOptions, TreeNode } from './tree-node.js';

interface Reading {
  tree: RawTree;
  options: LoadTreeOptions;
  findings: Findings;
}

/**
 * Every node of the file, each parent before its children.
 * @throws ConfigError that lists every problem of the whole file, whichever nodes are hosted
 */
export function loadTree(options: LoadTreeOptions): { nodes: TreeNode[]; warnings: string[] } {
  const findings = new Findings();
  const tree = readTree(options.file, textOf(options, findings), findings);
  if (!tree) findings.throwIfAny();
  if (!tree) throw new Error('a file without a tree must have a problem');
  // Those that fit no node of this tree are wrong all the same.
  checkedValues(tree.defaults, findings);
  const nodes = placed({ tree, options, findings }, tree.top, null);
  checkTree(nodes, options, findings);
  placeNeeds(nodes, findings);
  findings.throwIfAny();
  warnOfEnvironment(options, findings);
  return {
    nodes: nodes.map(({ raw: _raw, parent: _parent, ...node }) => node),
    warnings: findings.warnings,
  };
}

function textOf({ file, cwd }: LoadTreeOptions, findings: Findings): string {
  try {
    return readFileSync(resolve(cwd, file), 'utf8');
  } catch (error) {
    findings.add('unreadable', file, 'a tree file', (error as Error).message);
    findings.throwIfAny();
    return '';
  }
}

/** The node and all below it, as far as they can be resolved. */
function placed(reading: Reading, raw: RawNode, parent: PlacedNode | null): PlacedNode[] {
  const { options, findings } = reading;
  const role = roleOf(raw, parent, findings);
  const settings = role && resolveNode(sourceOf(reading, raw, role, parent), findings);
  if (!settings) return [];
  const hosted = isHosted(raw, role, parent, options.node);
  const node: PlacedNode = {
    settings,
    path: raw.path,
    parentPath: parent?.path ?? null,
    hosted,
    needs: [],
    raw,
    parent,
  };
  return [node, ...(raw.children ?? []).flatMap(child => placed(reading, child, node))];
}

/** By the node's place: what has children has a broker, what has a target is a leaf. */
function roleOf(
  { given, children, place }: RawNode,
  parent: PlacedNode | null,
  findings: Findings,
): Role | null {
  const hasBroker = children !== null || ['root', 'relay'].includes(given.get('role')?.text ?? '');
  const hasTarget = given.has('target');
  if (hasBroker && hasTarget)
    findings.add('conflict', place.trim(), 'children or a target, a leaf has no children', 'both');
  if (!hasBroker && !hasTarget)
    findings.add('missing', place.trim(), 'children (a relay) or a target (a leaf)', 'neither');
  if (!hasBroker) return hasTarget ? 'leaf' : null;
  return parent || PARENT_KEYS.some(key => given.has(key)) ? 'relay' : 'root';
}

function sourceOf({ tree, options, findings }: Reading, raw: RawNode, role: Role, parent: PlacedNode | null) {
  const own = new Map(raw.given);
  // Reported already, as a node that is both or neither.
  if (role !== 'leaf' && raw.children !== null) own.delete('target');
  if (parent) for (const key of PARENT_KEYS) dropDerived(own, key, findings);
  const fitting = [...tree.defaults].filter(
    ([key]) => key !== 'data_dir' && settingOf(key).roles.includes(role),
  );
  const topName = tree.top.given.get('name')?.text.trim() ?? 'root';
  const base = tree.defaults.get('data_dir')?.text.trim() ?? './data';
  return {
    given: new Map([...fitting, ...own]),
    own,
    spell: (key: string) => key,
    place: (key: string) => `${raw.place}${key}`,
    env: options.env ?? {},
    cwd: options.cwd,
    role,
    dataDir: [base, topName, raw.path].filter(part => part !== '').join('/'),
    ...(parent && { parent: addressFor(parent.settings) }),
  };
}

function dropDerived(
  own: Map<string, { where: string; text: string }>,
  key: string,
  findings: Findings,
): void {
  const given = own.get(key);
  if (!given) return;
  findings.add(
    'conflict',
    given.where,
    'none: the parent is the node that this one is under',
    JSON.stringify(given.text),
  );
  own.delete(key);
}

/** Where children of one process find a broker that listens everywhere; others can't, and a check says so. */
const addressFor = ({ host, port, tls }: NodeSettings): BrokerAddress => ({
  scheme: tls ? 'mqtts' : 'mqtt',
  path: '',
  host: isWildcard(host) ? '127.0.0.1' : host,
  port,
});

function isHosted(raw: RawNode, role: Role, parent: PlacedNode | null, wanted: string | undefined): boolean {
  return wanted === undefined || raw.path === wanted || (role === 'leaf' && parent?.path === wanted);
}

/** Settings in the environment are for single nodes: a tree has its file. */
function warnOfEnvironment({ env = {}, file }: LoadTreeOptions, findings: Findings): void {
  const names = Object.keys(env).filter(
    name => name.startsWith('CANOPY_') && !OTHERS.includes(name) && env[name],
  );
  if (names.length > 0) findings.warn(names.join(', '), `not used, the settings come from ${file}`);
}
