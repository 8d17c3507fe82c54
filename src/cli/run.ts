/** `canopy run`: one node in the foreground, telling whoever started it as a daemon when it is up. */
import type { Link, LinkError } from '../../broker/link.js';
import { openLog } from '../compose/log.js';
import { CanopyNode } from '../compose/node.js';
import { targetEnvironment } from '../compose/target-env.js';
import { environment } from '../config/environment.js';
import { loadNode } from '../config/load.js';
import { reportFailed, reportPending, reportReady } from '../process/daemon.js';
import { untilStopped } from './signals.js';

export async function run(file: string | undefined, loaded: () => void): Promise<void> {
  try {
    const { settings, warnings, env } = loadNode({
      ...(file && { file }),
      env: environment(),
      cwd: process.cwd(),
    });
    const log = await openLog(settings);
    for (const warning of warnings) log.warn(warning);
    const node = new CanopyNode({ settings, log, env: targetEnvironment(env) });
    const stopped = untilStopped(
      mayKeep => node.stop(mayKeep ? 'hand-over' : 'end'),
      () => node.hurry(),
      () => node.reload(),
    );
    await node.start();
    loaded();
    const { role, name } = settings;
    log.info({ role, name, mqtt: node.broker?.address, rest: node.restUrl, pid: process.pid }, 'up');
    tellWhenConnected(node.uplink);
    await stopped;
  } catch (error) {
    reportFailed((error as Error).message);
    throw error;
  }
}

/** A node is up for whoever started it once its parent has heard it. */
function tellWhenConnected(uplink: Link | null): void {
  if (!uplink || uplink.state === 'connected') return reportReady();
  const pending = (cause: LinkError): void =>
    reportPending(`it is cut off from its parent: ${cause.message}`);
  if (uplink.lastError) pending(uplink.lastError);
  uplink.on('failed', pending);
  uplink.on('connected', reportReady);
}
