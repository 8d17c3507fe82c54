/** Which leaves the `needs` of a tree mean: names beside them, or paths below the top node. */
import { circles } from '../core/order.js';
import { nearest } from './given.js';
import type { Findings } from './problems.js';
import type { PlacedNode } from './tree-node.js';

export function placeNeeds(nodes: PlacedNode[], findings: Findings): void {
  const byPath = new Map(nodes.map(node => [node.path, node]));
  const needing = nodes.filter(({ settings }) => settings.needs.length > 0);
  for (const node of needing) node.needs = needsOf(node, byPath, findings);
  for (const circle of circles(new Map(needing.map(({ path, needs }) => [path, needs])))) {
    const [first = ''] = circle;
    const node = byPath.get(first);
    const way = [...circle, first].join(' -> ');
    if (node) findings.add('conflict', whereOf(node), 'needs without a circle', way);
  }
}

function needsOf(node: PlacedNode, byPath: Map<string, PlacedNode>, findings: Findings): string[] {
  return [...new Set(node.settings.needs)].flatMap(word => {
    const needed = byPath.get(beside(node, word)) ?? byPath.get(word);
    const problem = needed ? problemOf(node, needed) : 'the name of a leaf beside it or the path of one';
    if (needed && problem === null) return [needed.path];
    const like = needed ? '' : nearest(word, namesFor(node, byPath));
    const found = JSON.stringify(word) + (like && `, did you mean ${JSON.stringify(like)}?`);
    findings.add('unknown-node', whereOf(node), problem ?? 'a leaf', found);
    return [];
  });
}

const beside = ({ parentPath }: PlacedNode, word: string): string =>
  parentPath && !word.includes('/') ? `${parentPath}/${word}` : word;

function problemOf(node: PlacedNode, needed: PlacedNode): string | null {
  if (needed === node) return 'another leaf than itself';
  if (needed.settings.role !== 'leaf') return `a leaf, not the ${needed.settings.role}`;
  return node.hosted && !needed.hosted ? 'a leaf that this process hosts as well' : null;
}

function namesFor(node: PlacedNode, byPath: Map<string, PlacedNode>): string[] {
  const leaves = [...byPath.values()].filter(it => it !== node && it.settings.role === 'leaf');
  const names = leaves.filter(it => it.parentPath === node.parentPath).map(it => it.settings.name);
  return [...names, ...leaves.map(({ path }) => path)];
}

const whereOf = ({ raw }: PlacedNode): string => raw.given.get('needs')?.where ?? `${raw.place}needs`;
