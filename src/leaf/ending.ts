/** The last stop of a target: by who runs the leaf, not by an operator, so that the next leaf starts it again. */
import { markStopped } from '../process/target-record.js';
import type { Supervisor } from './supervisor.js';

/** Marked before, since we may be killed over it, and after, since it may only have been on its way. */
export async function endTarget(supervisor: Supervisor, dataDir: string): Promise<void> {
  mark(dataDir);
  supervisor.dispatch({ type: 'stop', by: 'canopy' });
  await supervisor.when(model => (model.phase === 'stopped' ? true : null));
  mark(dataDir);
  await supervisor.close();
}

function mark(dataDir: string): void {
  try {
    markStopped(dataDir);
  } catch {
    // at worst the next leaf asks the policy what follows from this end
  }
}
