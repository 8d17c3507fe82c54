/** `canopy up`: a whole tree, or one node of it with its leaves, in this process. */
import { Host } from '../compose/host.js';
import { openLog } from '../compose/log.js';
import { targetEnvironment } from '../compose/target-env.js';
import { environment } from '../config/environment.js';
import { loadTree, type TreeNode } from '../config/tree-file.js';
import { picture } from './picture.js';
import { untilStopped } from './signals.js';

export async function up(file: string, options: { node?: string }, loaded: () => void): Promise<void> {
  const env = environment();
  // `.` is the top node here as everywhere on the command line.
  const node = options.node === '.' ? '' : options.node;
  const { nodes, warnings } = loadTree({
    file,
    env,
    cwd: process.cwd(),
    ...(node !== undefined && { node }),
  });
  const top = nodes.find(node => node.hosted) as TreeNode;
  const log = await openLog(top.settings);
  for (const warning of warnings) log.warn(warning);
  const host = new Host({ log, env: targetEnvironment(env) });
  const stopped = untilStopped(
    mayKeep => host.stop(mayKeep ? 'hand-over' : 'end'),
    () => host.hurry(),
    () => host.reload(),
  );
  await host.start(nodes);
  loaded();
  if (!top.settings.silent) process.stdout.write(picture(nodes, host));
  await stopped;
}
