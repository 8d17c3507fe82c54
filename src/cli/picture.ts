/** What `canopy up` shows once it stands: the tree, the addresses, and what to try. */
import type { Host } from '../compose/host.js';
import { VERSION } from '../compose/version.js';
import type { TreeNode } from '../config/tree-file.js';
import { branches } from './branches.js';

export function picture(nodes: readonly TreeNode[], host: Host): string {
  const hosted = nodes.filter(node => node.hosted);
  const top = hosted[0];
  if (!top) return '';
  const lines = branches(top, node => hosted.filter(each => each.parentPath === node.path && each !== node));
  const width = Math.max(...lines.map(line => line.stem.length + line.item.settings.name.length)) + 2;
  const drawn = lines.map(
    ({ stem, item }) => `  ${(stem + item.settings.name).padEnd(width)}${what(item, host)}`,
  );
  const count = `${hosted.length} node${hosted.length === 1 ? '' : 's'}`;
  return [
    '',
    `canopy ${VERSION}: ${count} in process ${process.pid}`,
    '',
    ...drawn,
    '',
    ...toTry(hosted, host),
    '',
  ].join('\n');
}

function what({ path, settings }: TreeNode, host: Host): string {
  const node = host.nodes.get(path);
  if (settings.role === 'leaf')
    return node ? `runs ${settings.target?.text ?? ''}` : 'NOT STARTED, see the log';
  const address = node?.broker?.address;
  const rest = node?.restUrl ? `   REST ${node.restUrl}` : '';
  return `mqtt://${address?.host}:${address?.port}${rest}`;
}

function toTry(hosted: readonly TreeNode[], host: Host): string[] {
  const top = hosted[0];
  const broker = top && host.nodes.get(top.path)?.broker;
  if (!top || !broker) return [];
  const { address } = broker;
  const at = `-h ${address.host} -p ${address.port}`;
  const leaf = hosted.filter(node => node.settings.role === 'leaf').at(top.path === '' ? 1 : 0);
  const below = leaf?.path.slice(top.path === '' ? 0 : top.path.length + 1);
  const rest = host.nodes.get(top.path)?.restUrl;
  return [
    `  watch it live    mosquitto_sub ${at} -t 'canopy/#' -v`,
    ...(below ? [`  command a leaf   mosquitto_pub ${at} -t canopy/${below}/cmd -m restart`] : []),
    ...(rest ? [`  ask REST         curl ${rest}/api/v1/tree`] : []),
    '',
    '  Ctrl-C stops all of it, the targets included.',
  ];
}
