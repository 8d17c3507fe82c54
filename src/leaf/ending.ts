/** The last stop of a target: by who runs the leaf, not by an operator, so that the next leaf starts it again. */
import { record } from './fate.js';
import type { Supervisor } from './supervisor.js';

/** Marked before, since we may be killed over it, and after, since it may only have been on its way. */
export async function endTarget(supervisor: Supervisor, dataDir: string): Promise<void> {
  record(dataDir, 'stopped');
  supervisor.dispatch({ type: 'stop', by: 'canopy' });
  await supervisor.when(model => (model.phase === 'stopped' ? true : null));
  record(dataDir, 'stopped');
  await supervisor.close();
}
