/**
 * Answers commands: decodes, refuses with a code and a message that helps, executes each id once, tells each stage.
 * What a command means is handed in; the same for a leaf, a relay and a root.
 */
import type { Message } from '../../broker/link.js';
import { type Arguments, onlyKnown } from '../core/arguments.js';
import type { Clock } from '../core/clock.js';
import { CanopyError, type ErrorCode } from '../core/errors.js';
import { MalformedPayload } from '../protocol/codec.js';
import { decodeCommand } from '../protocol/commands.js';
import type { Command, Result } from '../protocol/payloads.js';
import { CommandMemory, type Stage } from './memory.js';
import type { Publisher } from './publisher.js';

/** Checks a command at once (throws CanopyError: `rejected`) and returns what carries it out (throws: `failed`). */
export type Plan = (command: Command) => (progress: Progress) => Promise<Data | Outcome | undefined>;
type Data = Record<string, unknown>;
/** Tells how far a long one is, on `res` as `running`. */
export type Progress = (data: Data) => void;

/** An end that is neither a plain success nor an error. */
export class Outcome {
  constructor(
    readonly status: 'succeeded' | 'partial' | 'failed',
    readonly data: Data,
  ) {}
}

const UNKNOWN_ID = 'unknown';

export class Responder {
  /** Under way in this process. */
  private readonly running = new Set<string>();

  constructor(
    private readonly publisher: Publisher,
    private readonly clock: Clock,
    private readonly plan: Plan,
    private readonly memory: CommandMemory = new CommandMemory(null),
  ) {}

  readonly handle = (message: Message): void => {
    const command = this.read(message);
    if (command === null) return;
    const earlier = this.memory.get(command.id);
    if (earlier) return this.repeat(earlier);
    if (message.retain) return this.refuse(command, retainedCommand());
    if (command.expiresAt !== undefined && command.expiresAt < this.clock.now()) {
      const late = this.clock.now() - command.expiresAt;
      return this.tell(
        command,
        'expired',
        new CanopyError('expired', `arrived ${late} ms after its expiresAt`),
      );
    }
    try {
      const run = this.plan(command);
      this.tell(command, 'accepted');
      void this.execute(command, run);
    } catch (error) {
      this.refuse(command, asCanopyError(error));
    }
  };

  private read(message: Message): Command | null {
    try {
      return decodeCommand(message.payload);
    } catch (error) {
      const problem = error instanceof MalformedPayload ? error.message : String(error);
      const unread = { id: salvageId(message.payload), op: 'unknown' } as Command;
      const stage = failure(unread, 'rejected', new CanopyError('bad-payload', problem));
      // Nothing to remember: none of the ids that are made up for these is that of a command.
      if (unread.id === UNKNOWN_ID) this.publisher.result(stage);
      else this.answer(stage);
      return null;
    }
  }

  private async execute(command: Command, run: ReturnType<Plan>): Promise<void> {
    try {
      const { id, op } = command;
      const end = await run(data => this.publisher.result({ id, op, status: 'running', done: false, data }));
      const { status, data } = end instanceof Outcome ? end : { status: 'succeeded' as const, data: end };
      this.answer({ id, op, status, done: true, ...(data && { data }) });
    } catch (error) {
      this.tell(command, 'failed', asCanopyError(error));
    }
  }

  private refuse(command: Command, error: CanopyError): void {
    this.tell(command, 'rejected', error);
  }

  private tell(command: Command, status: Result['status'], error?: CanopyError): void {
    if (error) this.answer(failure(command, status, error));
    else this.answer({ id: command.id, op: command.op, status, done: false });
  }

  /** Written down before it is said, and `accepted` before anything is done. */
  private answer(stage: Stage): void {
    if (!stage.done) this.running.add(stage.id);
    else this.running.delete(stage.id);
    this.memory.set(stage, this.clock.now());
    this.publisher.result(stage);
  }

  /** What was begun and never ended is not begun again: nobody knows how far it came. */
  private repeat(earlier: Stage): void {
    if (earlier.done || this.running.has(earlier.id)) return this.publisher.result(earlier);
    const why =
      'the node was ended while it carried this out; look at its state, and send a new command if need be';
    this.answer(failure(earlier, 'failed', new CanopyError('interrupted', why)));
  }
}

const failure = (
  command: Pick<Command, 'id' | 'op'>,
  status: Result['status'],
  error: CanopyError,
): Stage => ({
  id: command.id,
  op: command.op,
  status,
  done: true,
  error: { code: error.code, message: error.message },
});

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

/** The id of a command that does not decode otherwise, so that its sender can match the refusal. */
export function salvageId(payload: Uint8Array): string {
  const found = /"id"\s*:\s*"([^"\\]{1,128})"/.exec(Buffer.from(payload.subarray(0, 4096)).toString('utf8'));
  return found?.[1] ?? UNKNOWN_ID;
}

/** Throws `bad-argument` unless every key of the arguments is one of `known`. */
export const onlyArguments = (command: Command, known: readonly string[]): Arguments =>
  onlyKnown(command.op, command.args ?? {}, known);
