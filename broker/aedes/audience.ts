/** Who is subscribed to what at this broker: so that what nobody reads need not be said. */
import { matches } from '../topics.js';
import type { PrivateClient } from './aedes-private.js';

export class Audience {
  readonly #filters = new Map<PrivateClient, Set<string>>();

  /** `onChange` is told of every filter that a client begins or ceases to hold. */
  constructor(private readonly onChange: (filter: string) => void) {}

  granted(client: PrivateClient, filter: string): void {
    let held = this.#filters.get(client);
    if (!held) {
      held = new Set();
      this.#filters.set(client, held);
      client.conn.once('close', () => this.#gone(client));
    }
    if (held.has(filter)) return;
    held.add(filter);
    this.onChange(filter);
  }

  released(client: PrivateClient, filters: readonly string[]): void {
    const held = this.#filters.get(client);
    for (const filter of filters) if (held?.delete(filter)) this.onChange(filter);
  }

  /** Whether a client holds this very filter. */
  holds(filter: string): boolean {
    for (const held of this.#filters.values()) if (held.has(filter)) return true;
    return false;
  }

  /** Whether a client would be sent what is published to this topic. */
  hears(topic: string): boolean {
    for (const held of this.#filters.values())
      for (const filter of held) if (matches(filter, topic)) return true;
    return false;
  }

  #gone(client: PrivateClient): void {
    const held = this.#filters.get(client) ?? [];
    this.#filters.delete(client);
    for (const filter of held) this.onChange(filter);
  }
}
