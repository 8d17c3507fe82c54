/** What a leaf's commands may say, checked alike by the leaf and by whoever passes one on to many. */
import { CanopyError } from '../core/errors.js';
import { maintenanceOf } from '../core/maintenance.js';
import { signalName } from '../process/signals.js';
import type { Command } from '../protocol/payloads.js';
import { checkLogArguments, LOG_OPS } from './log-commands.js';
import { onlyArguments } from './responder.js';

/** Throws `bad-argument`. */
export function signalOf(command: Command): NodeJS.Signals {
  const { signal: wanted } = onlyArguments(command, ['signal']);
  const text = typeof wanted === 'number' ? String(wanted) : wanted;
  const name = typeof text === 'string' ? signalName(text) : null;
  if (name !== null) return name;
  const found = wanted === undefined ? 'none' : JSON.stringify(wanted);
  throw new CanopyError(
    'bad-argument',
    `expected the name of a signal such as HUP, TERM or USR1, found ${found}`,
  );
}

/** Throws `bad-argument` where a leaf would refuse these arguments. `now`: ms since the epoch. */
export function checkArguments(command: Command, now: number): void {
  if (command.op === 'signal') signalOf(command);
  else if (command.op === 'maintenance') maintenanceOf(command.args ?? {}, '', now);
  else if (LOG_OPS.has(command.op)) checkLogArguments(command, now);
  else onlyArguments(command, []);
}
