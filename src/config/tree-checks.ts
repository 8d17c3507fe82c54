/** What only shows when the nodes of a tree are seen together. */

import { isWildcard, sameAddress } from './address.js';
import { listenersOf as addressesOf } from './listening.js';
import type { Findings } from './problems.js';
import type { SettingKey } from './settings.js';
import type { LoadTreeOptions, PlacedNode } from './tree-node.js';

export function checkTree(nodes: PlacedNode[], { node: wanted }: LoadTreeOptions, findings: Findings): void {
  checkNames(nodes, findings);
  checkListeners(nodes, findings);
  for (const node of nodes) {
    checkInterval(node, findings);
    checkFindable(node, findings);
    checkDataDir(node, nodes, findings);
  }
  if (wanted !== undefined) checkWanted(nodes, wanted, findings);
}

const whereOf = ({ raw }: PlacedNode, key: SettingKey): string =>
  raw.given.get(key)?.where ?? `${raw.place}${key}`;
const called = ({ path }: PlacedNode): string => path || 'the top node';

function checkNames(nodes: PlacedNode[], findings: Findings): void {
  const seen = new Map<string, PlacedNode>();
  for (const node of nodes) {
    const twin = seen.get(node.path);
    if (!twin) seen.set(node.path, node);
    else if (node.settings.name !== '?') {
      const found = `${JSON.stringify(node.settings.name)} as at ${twin.raw.place.trim()}`;
      findings.add('duplicate', whereOf(node, 'name'), `a name of its own below ${parentOf(node)}`, found);
    }
  }
}

const parentOf = ({ parent }: PlacedNode): string => (parent ? called(parent) : 'nothing');

interface Listener {
  host: string;
  port: number;
  node: PlacedNode;
  key: SettingKey;
}

function listenersOf(node: PlacedNode): Listener[] {
  return addressesOf(node.settings).map(({ host, port, key }) => ({ host, port, node, key }));
}

function checkListeners(nodes: PlacedNode[], findings: Findings): void {
  // By port first: comparing each with each would be slow in a tree of thousands.
  const byPort = new Map<number, Listener[]>();
  for (const listener of nodes.flatMap(listenersOf)) {
    const sharing = byPort.get(listener.port) ?? [];
    // A node's own two are checked with the node.
    const other = sharing.find(it => it.node !== listener.node && sameAddress(it, listener));
    const found = `${listener.host}:${listener.port}, where ${other && called(other.node)} listens`;
    if (other)
      findings.add('duplicate', whereOf(listener.node, listener.key), 'an address of its own', found);
    byPort.set(listener.port, [...sharing, listener]);
  }
}

function checkInterval(node: PlacedNode, findings: Findings): void {
  const { parent, settings } = node;
  if (!parent) return;
  const where = whereOf(node, 'hb_interval');
  const timeout = `the timeout of ${called(parent)} (${parent.settings.timeout} s)`;
  if (settings.hbInterval >= parent.settings.timeout)
    findings.add(
      'timeout-too-low',
      where,
      `less than ${timeout}, better half of it`,
      `${settings.hbInterval} s`,
    );
  else if (settings.hbInterval * 2 > parent.settings.timeout)
    findings.warn(
      where,
      `${settings.hbInterval} s is more than half ${timeout}: one late heartbeat may lose it`,
    );
}

/** A broker that others have to connect to needs an address that they can know. */
function checkFindable(node: PlacedNode, findings: Findings): void {
  const { parent, settings, hosted } = node;
  if (!parent) return;
  if (settings.role === 'relay' && parent.settings.port === 0)
    findings.add(
      'conflict',
      whereOf(parent, 'port'),
      `a port that ${called(node)} can find`,
      'any free one (0)',
    );
  if (hosted && !parent.hosted && isWildcard(parent.settings.host))
    findings.add(
      'conflict',
      whereOf(parent, 'host'),
      `an address at which ${called(node)} finds it`,
      parent.settings.host,
    );
}

function checkDataDir(node: PlacedNode, nodes: PlacedNode[], findings: Findings): void {
  const given = node.raw.given.get('data_dir');
  const twin =
    given && nodes.find(other => other !== node && other.settings.dataDir === node.settings.dataDir);
  if (twin) findings.add('duplicate', given.where, 'a directory of its own', `that of ${called(twin)}`);
}

function checkWanted(nodes: PlacedNode[], wanted: string, findings: Findings): void {
  const node = nodes.find(({ path }) => path === wanted);
  const found = JSON.stringify(wanted);
  const brokers = nodes
    .filter(({ settings }) => settings.role !== 'leaf')
    .map(({ path }) => JSON.stringify(path));
  if (!node) findings.add('unknown-node', '--node', `one of ${brokers.join(', ')}`, found);
  else if (node.settings.role === 'leaf')
    findings.add(
      'unknown-node',
      '--node',
      `its parent ${JSON.stringify(node.parentPath)}, which hosts it`,
      `the leaf ${found}`,
    );
}
