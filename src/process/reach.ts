/** A signal to a target wherever it is: not all systems let it lead its group, and then `timeout` makes another one. */

import { signalGroup, signalProcess } from './signals.js';
import { groupOf, startTicksOf } from './stat.js';

export interface Reached {
  readonly pid: number;
  /** Its own, or where the system has no `setsid` the wrapper's. */
  readonly group: number;
  /** Of `pid`, taken when the run began; null where the machine has no /proc: then the group alone is signalled. */
  readonly startTicks: string | null;
}

/**
 * To its group, and to the target where it has left that. False where nobody took it.
 * @throws the error of kill(2) other than ESRCH, such as EPERM
 */
export function signalTarget(run: Reached, name: NodeJS.Signals): boolean {
  // The target first: after a KILL of a wrapper in its group it would be nobody's.
  const taken = signalApart(run, name);
  return signalGroup(run.group, name) || taken;
}

function signalApart({ pid, group, startTicks }: Reached, name: NodeJS.Signals): boolean {
  if (startTicks === null || startTicksOf(pid) !== startTicks) return false;
  const own = groupOf(pid);
  if (own === null || own === group) return false;
  // Only what it leads itself is its own; it may have joined somebody else's.
  return own === pid ? signalGroup(pid, name) : signalProcess(pid, name);
}
