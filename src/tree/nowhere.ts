/**
 * Answers a command whose path ends before its node: nobody else would. Each node with a broker does so for the names right
 * below itself, and for what is below a leaf; what is deeper, the next one answers. Only where it is delivered to nobody: a
 * plain MQTT bridge may know a node that has not spoken yet, and asks for its commands by name.
 */
import type { Message } from '../../broker/link.js';
import { CanopyError } from '../core/errors.js';
import { topName } from '../core/names.js';
import type { Registry } from '../core/registry.js';
import { commandMeant, failure } from '../node/answers.js';
import type { Publisher } from '../node/publisher.js';
import type { IngestListener } from './ingest.js';

/** What this node's broker knows of who is there. */
export interface Presence {
  /** Whether a live node holds a name. */
  holds(name: string): boolean;
  /** Whether anyone asks by name for what is published on a topic, or will when it is back. */
  isAwaited(topic: string): Promise<boolean>;
}

export class Nowhere implements IngestListener {
  constructor(
    private readonly registry: Registry,
    private readonly publisher: Publisher,
    private readonly presence: Presence,
  ) {}

  command(path: string, message: Message): void {
    const why = this.whyNowhere(path);
    // Not from within the broker's delivery of it.
    if (why !== null) setImmediate(() => void this.answer(path, message, why));
  }

  private whyNowhere(path: string): string | null {
    const top = topName(path);
    const record = this.registry.get(top);
    if (record === undefined)
      return this.presence.holds(top) ? null : `there is no node ${JSON.stringify(top)} here`;
    return record.kind === 'leaf' && path !== top
      ? `${JSON.stringify(top)} is a leaf: nothing is below it`
      : null;
  }

  private async answer(path: string, message: Message, why: string): Promise<void> {
    if (await this.presence.isAwaited(message.topic)) return;
    const { id, op } = commandMeant(message.payload);
    this.publisher.result(failure({ id, op }, 'rejected', new CanopyError('not-found', why)), path);
  }
}
