/** What became of a command that an earlier leaf had begun: what is true now, where it can be known. */
import { CanopyError } from '../core/errors.js';
import { interrupted } from '../node/answers.js';
import type { Stage } from '../node/memory.js';
import type { Aftermath } from '../node/responder.js';
import type { DesiredState } from './desired.js';
import { settledStart } from './orders.js';
import type { Supervisor } from './supervisor.js';

/** To be asked when the target was adopted, if it lived, and is being stopped, if that is desired. */
export const aftermath =
  (supervisor: Supervisor, desired: DesiredState): Aftermath =>
  async begun => {
    // What is meant was written down before anything was done.
    const meant = desired.get();
    if (begun.op === 'stop' && meant === 'stopped') return stopped(supervisor);
    if (begun.op === 'start' && meant === 'running') return started(supervisor, desired);
    if (begun.op === 'restart' && meant === 'running') return restarted(supervisor, desired, begun);
    throw cutShort();
  };

async function stopped(supervisor: Supervisor): Promise<Record<string, unknown>> {
  const end = await supervisor.when(({ phase, exitCode, signal }) => {
    if (phase === 'stopped') return { exitCode, signal };
    return phase === 'stopping'
      ? null
      : new CanopyError('superseded', 'a later command started the target again');
  });
  if (end instanceof CanopyError) throw end;
  return resumed(end);
}

/** Adopted, or started by this leaf in its own time, unless somebody means otherwise before that. */
async function started(supervisor: Supervisor, desired: DesiredState): Promise<Record<string, unknown>> {
  const end = await supervisor.when(model => {
    if (model.generation > 0) return settledStart(model, 0);
    return desired.get() === 'running'
      ? null
      : new CanopyError('superseded', 'a later command stopped the target');
  });
  if (end instanceof CanopyError) throw end;
  return resumed(end);
}

/** Another process than when it began: that one has been ended, and this one was started since. */
async function restarted(
  supervisor: Supervisor,
  desired: DesiredState,
  begun: Stage,
): Promise<Record<string, unknown>> {
  const previousPid = begun.data?.pid;
  const { pid, phase } = supervisor.model;
  const same = previousPid !== null && previousPid === pid && phase !== 'stopping';
  if (previousPid === undefined || same) throw cutShort();
  return { ...(await started(supervisor, desired)), previousPid };
}

const resumed = (data: Record<string, unknown>): Record<string, unknown> => ({ ...data, resumed: true });
const cutShort = (): CanopyError => interrupted('while it carried this out');
