/** What becomes of a command of somebody who is known, whichever way it came. Pure. */
import { CanopyError } from '../core/errors.js';
import type { Principal } from '../core/principal.js';
import { encode } from '../protocol/codec.js';
import { decodeCommand } from '../protocol/commands.js';
import type { Command } from '../protocol/payloads.js';
import { mayCommand } from './paths.js';

/** With the name of whoever sent it, whatever it claims; that of somebody unknown is left as it is. */
export const signed = <C extends Partial<Command>>(principal: Principal, command: C): C =>
  principal.kind === 'person' ? { ...command, by: principal.name } : command;

/** Throws `not-authorized`. */
export function checkMayCommand(principal: Principal, path: string, op: string): void {
  if (mayCommand(principal, path, op)) return;
  const whom = principal.kind === 'person' ? `${principal.role} ${principal.name}` : `a ${principal.kind}`;
  throw new CanopyError('not-authorized', `the ${whom} may not command "${op}" at "${path}"`);
}

/**
 * What a person published on the `cmd` of a path, as it goes on: read as its node will read it, so that nothing is carried out
 * that was not looked at here. Throws MalformedPayload, `not-authorized`.
 */
export function commandOf(principal: Principal, path: string, payload: Buffer): Buffer {
  if (principal.kind !== 'person') return payload;
  const command = decodeCommand(payload);
  checkMayCommand(principal, path, command.op);
  return encode('cmd', signed(principal, command));
}
