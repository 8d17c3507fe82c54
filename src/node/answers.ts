/** Answers that end a command, other than how it went: refusals, failures, and what is said of one that was cut off. */
import { CanopyError, type ErrorCode } from '../core/errors.js';
import { decodeCommand } from '../protocol/commands.js';
import type { Command, Result } from '../protocol/payloads.js';
import type { Stage } from './memory.js';

/** Characters: what a stranger sent may be in a message, and it is kept. */
const MESSAGE_MAX = 1000;

export const failure = (
  { id, op }: Pick<Command, 'id' | 'op'>,
  status: Result['status'],
  { code, message }: CanopyError,
): Stage => ({ id, op, status, done: true, error: { code, message: message.slice(0, MESSAGE_MAX) } });

export const queueFull = (waiting: number): CanopyError =>
  new CanopyError('queue-full', `${waiting} commands wait for their turn already; send it again later`);

/** Nobody knows how far a command came that was begun, and it is not begun again. */
export const interrupted = (how: string): CanopyError =>
  new CanopyError(
    'interrupted',
    `the node was ended ${how}; look at its state, and send a new command if need be`,
  );

export const retainedCommand = (): CanopyError =>
  new CanopyError(
    'retained-command',
    'published with the retain flag, so it would be executed again at every reconnect; publish it without (mosquitto_pub without -r)',
  );

export const asCanopyError = (error: unknown): CanopyError =>
  error instanceof CanopyError
    ? error
    : new CanopyError(
        'internal-error' satisfies ErrorCode,
        error instanceof Error ? error.message : String(error),
      );

export const UNKNOWN_ID = 'unknown';

/** The id of a command that does not decode otherwise, so that its sender can match the refusal. */
export function salvageId(payload: Uint8Array): string {
  const found = /"id"\s*:\s*"([^"\\]{1,128})"/.exec(Buffer.from(payload.subarray(0, 4096)).toString('utf8'));
  return found?.[1] ?? UNKNOWN_ID;
}

/** What is needed to answer a command that is not carried out here, whether or not it decodes. */
export function commandMeant(payload: Buffer): Pick<Command, 'id' | 'op' | 'by'> {
  try {
    return decodeCommand(payload);
  } catch {
    return { id: salvageId(payload), op: 'unknown' };
  }
}
