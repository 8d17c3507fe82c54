/** What a broker or bridge refused: counted, told as events that a storm can't multiply, answered where it was a command. */
import type { Message } from '../../broker/link.js';
import type { Clock } from '../core/clock.js';
import { pathProblem } from '../core/names.js';
import { commandMeant, retainedCommand } from '../node/answers.js';
import type { Publisher } from '../node/publisher.js';
import { splitTopic } from '../protocol/topics.js';

export interface RefusedMessage {
  readonly code: string;
  readonly reason: string;
  readonly message?: Message;
  readonly clientId?: string;
  readonly address?: string;
}

/** Milliseconds between two events about the same code. */
const QUIET_MS = 10_000;
/** Ordinary life of a network, worth a count and no event. */
const UNREMARKABLE = new Set(['stale']);

export class Refusals {
  /** By code, since the start. */
  readonly counts = new Map<string, number>();
  private readonly told = new Map<string, { at: number; since: number }>();

  constructor(
    private readonly publisher: Publisher,
    private readonly clock: Clock,
    private readonly log: { warn(fields: object, message: string): void },
  ) {}

  readonly take = (refused: RefusedMessage): void => {
    this.counts.set(refused.code, (this.counts.get(refused.code) ?? 0) + 1);
    if (refused.code === 'retained-command' && refused.message) this.answer(refused.message);
    if (!UNREMARKABLE.has(refused.code)) this.tell(refused);
  };

  private tell(refused: RefusedMessage): void {
    const { code, reason, message, clientId, address } = refused;
    const last = this.told.get(code) ?? { at: Number.NEGATIVE_INFINITY, since: 0 };
    last.since += 1;
    this.told.set(code, last);
    if (this.clock.mono() - last.at < QUIET_MS) return;
    const count = last.since;
    this.told.set(code, { at: this.clock.mono(), since: 0 });
    const topic = message?.topic.slice(0, 200);
    this.log.warn({ code, clientId, address, topic, count }, reason);
    const where = topic === undefined ? '' : ` on ${JSON.stringify(topic)}`;
    const who = clientId === undefined ? '' : ` from client ${JSON.stringify(clientId.slice(0, 80))}`;
    const path = message ? splitTopic(message.topic)?.path : undefined;
    // What is none stands in the reason alone, cut short.
    const isPath = path !== undefined && path !== '' && pathProblem(path) === null;
    const event = code === 'bad-payload' ? 'malformed' : 'refused';
    // Not from within the broker's delivery of what it refused.
    setImmediate(() =>
      this.publisher.event(event, `${reason}${where}${who}`, { code, count, ...(isPath && { path }) }),
    );
  }

  private answer(message: Message): void {
    const place = splitTopic(message.topic);
    if (place === null) return;
    const { code, message: text } = retainedCommand();
    const { id, op } = commandMeant(message.payload);
    const result = { id, op, status: 'rejected', done: true, error: { code, message: text } } as const;
    setImmediate(() => this.publisher.result(result, place.path));
  }
}
