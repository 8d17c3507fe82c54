/**
 * Answers commands: decodes, refuses with a code and a message that helps, executes each id once and in its turn, tells
 * each stage. What a command means is handed in; the same for a leaf, a relay and a root.
 */
import type { Message } from '../../broker/link.js';
import { type Arguments, onlyKnown } from '../core/arguments.js';
import type { Clock } from '../core/clock.js';
import { CanopyError } from '../core/errors.js';
import type { Turn } from '../core/turns.js';
import { MalformedPayload } from '../protocol/codec.js';
import { decodeCommand } from '../protocol/commands.js';
import type { Command } from '../protocol/payloads.js';
import {
  asCanopyError,
  failure,
  interrupted,
  queueFull,
  retainedCommand,
  salvageId,
  UNKNOWN_ID,
} from './answers.js';
import { Begun } from './begun.js';
import { CommandMemory, type Stage } from './memory.js';
import type { Publisher } from './publisher.js';
import { MOST_WAITING, Queue } from './queue.js';

/** Checks a command at once (throws CanopyError: `rejected`) and returns what carries it out (throws: `failed`). */
export type Plan = (command: Command) => Run;
/** `cut` asks a `replaceable` one to end at once, with its reason. */
export type Run = (progress: Progress, cut?: AbortSignal) => Promise<Data | Outcome | undefined>;
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

export interface Order {
  turn(op: string): Turn;
  /** What is told, and kept for whoever comes after a crash, when a command begins. */
  facts(): Data | undefined;
}
const beside: Order = { turn: () => 'at-once', facts: () => undefined };

/** What became of a command that an earlier process of this node had begun; throws where nobody can know. */
export type Aftermath = (begun: Stage) => Promise<Data>;

export class Responder {
  /** Accepted by this process and not ended yet: the latest stage of each. */
  private readonly underWay = new Map<string, Stage>();
  private readonly queue = new Queue();

  constructor(
    private readonly publisher: Publisher,
    private readonly clock: Clock,
    private readonly plan: Plan,
    private readonly memory: CommandMemory = new CommandMemory(null),
    private readonly order: Order = beside,
  ) {}

  readonly handle = (message: Message): void => {
    const command = this.read(message);
    if (command === null) return;
    const earlier = this.known(command.id);
    if (earlier) return this.publisher.result(earlier);
    if (message.retain) return this.refuse(command, retainedCommand());
    if (this.isLate(command)) return this.expire(command, 'it arrived');
    try {
      const run = this.plan(command);
      if (!this.enqueue(command, run)) this.refuse(command, queueFull(MOST_WAITING));
    } catch (error) {
      this.refuse(command, asCanopyError(error));
    }
  };

  /** Ends what an earlier process left without an end; to be called before commands can come. */
  resume(aftermath: Aftermath): void {
    for (const begun of this.memory.unfinished()) {
      this.underWay.set(begun.id, begun);
      void this.end(begun, async () => {
        if (begun.status !== 'running') throw interrupted('before this was begun');
        return aftermath(begun);
      });
    }
  }

  /** Nothing that waits is begun any more. */
  close(why: CanopyError): void {
    this.queue.clear(why);
  }

  private known(id: string): Stage | undefined {
    return this.underWay.get(id) ?? this.memory.get(id);
  }

  private read(message: Message): Command | null {
    try {
      return decodeCommand(message.payload);
    } catch (error) {
      const problem = error instanceof MalformedPayload ? error.message : String(error);
      const unread = { id: salvageId(message.payload), op: 'unknown' } as Command;
      const stage = failure(unread, 'rejected', new CanopyError('bad-payload', problem));
      // Not remembered where the id is made up here, or is that of a command which could be read.
      if (unread.id === UNKNOWN_ID || this.known(unread.id)) this.publisher.result(stage);
      else this.answer(stage);
      return null;
    }
  }

  private enqueue(command: Command, run: Run): boolean {
    const { id, op } = command;
    const turn = this.order.turn(op);
    return this.queue.take({
      turn,
      accepted: () => this.answer({ id, op, status: 'accepted', done: false }),
      drop: why => this.answer(failure(command, 'failed', why)),
      run: async cut => {
        if (this.isLate(command)) return this.expire(command, 'its turn came');
        const begun = this.begin(command, turn);
        const tell: Progress = data => {
          begun?.goesOn();
          this.publisher.result({ id, op, status: 'running', done: false, data });
        };
        await this.end(command, () => run(tell, cut)).finally(() => begun?.isOver());
      },
    });
  }

  /** Written down before anything is done; of one that nobody waits for only if it is not over at once, as a ping is. */
  private begin({ id, op }: Command, turn: Turn): Begun | null {
    const data = this.order.facts();
    const stage: Stage = { id, op, status: 'running', done: false, ...(data && { data }) };
    if (turn === 'at-once')
      return new Begun(
        () => this.answer(stage),
        () => this.record(stage),
      );
    this.answer(stage);
    return null;
  }

  private async end({ id, op }: Pick<Command, 'id' | 'op'>, work: () => ReturnType<Run>): Promise<void> {
    try {
      const end = await work();
      const { status, data } = end instanceof Outcome ? end : { status: 'succeeded' as const, data: end };
      this.answer({ id, op, status, done: true, ...(data && { data }) });
    } catch (error) {
      this.answer(failure({ id, op }, 'failed', asCanopyError(error)));
    }
  }

  private isLate({ expiresAt }: Command): boolean {
    return expiresAt !== undefined && expiresAt < this.clock.now();
  }

  private expire(command: Command, what: string): void {
    const late = this.clock.now() - (command.expiresAt ?? 0);
    this.answer(
      failure(command, 'expired', new CanopyError('expired', `${what} ${late} ms after its expiresAt`)),
    );
  }

  private refuse(command: Command, error: CanopyError): void {
    this.answer(failure(command, 'rejected', error));
  }

  /** Written down before it is said, and before anything is done. */
  private answer(stage: Stage): void {
    this.record(stage);
    this.publisher.result(stage);
  }

  private record(stage: Stage): void {
    if (stage.done) this.underWay.delete(stage.id);
    else this.underWay.set(stage.id, stage);
    this.memory.set(stage, this.clock.now());
  }
}

/** Throws `bad-argument` unless every key of the arguments is one of `known`. */
export const onlyArguments = (command: Command, known: readonly string[]): Arguments =>
  onlyKnown(command.op, command.args ?? {}, known);
