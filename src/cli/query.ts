/** `canopy tree|nodes|get`: asking over REST. */
import type { Heartbeat } from '../protocol/payloads.js';
import type { NodeDetail, NodeView, TreeView } from '../rest/views.js';
import { branches } from './branches.js';
import { type RestClient, urlPath } from './client.js';
import { age, bytes, say, table, type View } from './print.js';

export async function tree(client: RestClient, view: View): Promise<void> {
  const root = await client.get<TreeView>('/api/v1/tree');
  const lines = branches(root, node => node.children);
  const width = Math.max(...lines.map(line => line.stem.length + line.item.name.length)) + 2;
  const drawn = lines.map(({ stem, item }) => `${(stem + item.name).padEnd(width)}${inWords(item)}`);
  say(view, root, drawn.join('\n'));
}

export interface NodesFilter {
  readonly status?: string;
  readonly app?: string;
  readonly kind?: string;
  readonly under?: string;
}

/** All that fit, however many pages they take. */
export async function listed(client: RestClient, filter: NodesFilter): Promise<NodeView[]> {
  const found: NodeView[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ ...filter, ...(cursor && { cursor }) });
    const page: { nodes: NodeView[]; nextCursor: string | null } = await client.get(`/api/v1/nodes?${query}`);
    found.push(...page.nodes);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return found;
}

export async function nodes(client: RestClient, filter: NodesFilter, view: View): Promise<void> {
  const found = await listed(client, filter);
  const now = Date.now();
  const rows = found.map(node => [
    node.path || '.',
    node.kind,
    node.app ?? '-',
    node.status,
    node.phase ?? '-',
    String(node.pid ?? '-'),
    age(node.since, now),
    whyNot(node),
  ]);
  say(view, { nodes: found }, table(['PATH', 'KIND', 'APP', 'STATUS', 'PHASE', 'PID', 'SINCE', 'WHY'], rows));
}

export async function get(client: RestClient, path: string, view: View): Promise<void> {
  const node = await client.get<NodeDetail>(`/api/v1/nodes/${urlPath(ownPath(path))}`);
  const now = Date.now();
  const beat = node.heartbeat as Heartbeat | null;
  const rows = [
    ['status', `${node.status} for ${age(node.since, now)}`],
    ['why', whyNot(node)],
    ['broken', node.broken?.says ?? ''],
    ['kind', node.app && node.app !== node.name ? `${node.kind} of ${node.app}` : node.kind],
    ['phase', node.phase ?? ''],
    ['health', node.health ?? ''],
    ['desired', node.desired ?? ''],
    [
      'labels',
      Object.entries(node.labels)
        .map(pair => pair.join('='))
        .join(' '),
    ],
    ['maintenance', maintenanceInWords(node, now)],
    ['pid', String(node.pid ?? '')],
    ['last seen', `${age(node.lastSeenAt, now)} ago`],
    ['heartbeat', beat ? `${beat.seq}, every ${beat.interval} s` : 'none yet'],
    ['uptime', beat?.uptime === undefined ? '' : `${beat.uptime} s, ${beat.restarts ?? 0} restarts`],
    [
      'cpu, rss',
      beat?.rss === undefined ? '' : `${Math.round((beat.cpu ?? 0) * 100)} % of a core, ${bytes(beat.rss)}`,
    ],
    [
      'its machine',
      beat?.load === undefined
        ? ''
        : `${percent(beat.load)} of its cores and ${percent(beat.memory ?? 0)} of its memory in use`,
    ],
    ['apps', appsInWords(beat)],
    ['leaves', beat?.leaves ? JSON.stringify(beat.leaves).replace(/["{}]/g, '').replaceAll(',', ', ') : ''],
    ['children', node.children.join(' ')],
  ].filter(([, value]) => value);
  say(
    view,
    node,
    `${node.path || node.name}\n${rows.map(([key, value]) => `  ${key?.padEnd(13)}${value}`).join('\n')}`,
  );
}

/** `.` is the node that answers. */
export const ownPath = (path: string): string => (path === '.' ? '' : path);

function inWords(node: NodeView): string {
  const what = [node.status, node.kind === 'leaf' ? (node.app ?? '') : node.kind];
  if (node.pid !== null && node.status === 'up') what.push(`pid ${node.pid}`);
  what.push(whyNot(node));
  if (node.maintenance) what.push('in maintenance');
  return what.filter(Boolean).join('  ');
}

const percent = (fraction: number): string => `${Math.round(fraction * 100)} %`;

function maintenanceInWords({ maintenance, path }: NodeDetail, now: number): string {
  if (!maintenance) return '';
  const { since, until, by, at } = maintenance;
  const end = until === null ? '' : `, for ${age(now, until)} more`;
  return `for ${age(since, now)}${end}, by ${by}${at === path ? '' : `, at ${at || 'this node'}`}`;
}

const appsInWords = (beat: Heartbeat | null): string =>
  Object.entries(beat?.apps ?? {})
    .map(
      ([app, { running, slots, free }]) => `${app} ${running}/${slots}${free > 0 ? ` (${free} free)` : ''}`,
    )
    .join(', ');

/** The same, with what else is to be seen of it. */
function whyNot(node: NodeView): string {
  const { late, flapping, warnings } = node;
  const own = node.status === 'up' ? '' : node.broken?.path === node.path ? node.broken.says : why(node);
  return [own, late ? 'late' : '', flapping ? 'flapping' : '', ...warnings].filter(Boolean).join(', ');
}

/** Why a node is not up, in a few words. */
export function why(node: NodeView): string {
  if (node.blockedBy !== null) return `behind ${node.blockedBy}`;
  if (node.status === 'down' && node.cause)
    return node.cause === 'will' ? 'its connection broke (will)' : 'it fell silent (timeout)';
  return node.reason ?? '';
}
