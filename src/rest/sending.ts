/** Commands on behalf of whoever asks by REST. */
import { asCommand } from '../protocol/commands.js';
import type { Command } from '../protocol/payloads.js';
import { type Caller, nameOf } from './caller.js';

export interface SendingPorts {
  /** Before a command is sent: whose it is, for the audit log. */
  readonly sending: (command: Command, caller: Caller) => void;
}

/** With the name of the token, whatever it says itself; who has none may say. Throws MalformedPayload. */
export function signed({ principal }: Caller, fields: object): Command {
  const name = nameOf(principal);
  return asCommand(name === null ? { by: 'rest', ...fields } : { ...fields, by: name });
}
