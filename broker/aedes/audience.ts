/** Who is subscribed to what at this broker: so that what nobody reads need not be said. */
import { matches } from '../topics.js';
import { drained } from '../wire/drained.js';
import type { PrivateClient } from './aedes-private.js';

export class Audience {
  readonly #filters = new Map<PrivateClient, Set<string>>();
  /** Those whose sockets are full, and when they are not. */
  readonly #slow = new WeakMap<PrivateClient, Promise<unknown>>();

  /** `onChange` is told of every filter that a client begins or ceases to hold; `receives`: what it may have of it. */
  constructor(
    private readonly onChange: (filter: string) => void,
    private readonly receives: (client: PrivateClient, topic: string) => boolean,
  ) {}

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

  /** Whether a client asks for this topic by the name of its last level; a `#` asks for whatever there is. */
  asksFor(topic: string): boolean {
    const last = topic.slice(topic.lastIndexOf('/'));
    for (const [client, held] of this.#filters)
      for (const filter of held)
        if (filter.endsWith(last) && matches(filter, topic) && this.receives(client, topic)) return true;
    return false;
  }

  /** Whether a client would be sent what is published to this topic. */
  hears(topic: string): boolean {
    for (const client of this.#filters.keys()) if (this.#isHearing(client, topic)) return true;
    return false;
  }

  /**
   * Resolves when all who hear a topic take more. Who does not within `patienceMs` is not waited for again until he does,
   * unless there is nobody else.
   */
  async ready(topic: string, patienceMs: number): Promise<void> {
    const hearing = [...this.#filters.keys()].filter(client => this.#isHearing(client, topic));
    const busy = hearing.filter(({ conn }) => conn.writableNeedDrain && !conn.destroyed);
    const news = busy.filter(client => !this.#slow.has(client));
    if (news.length > 0) await unlessLate(Promise.all(news.map(client => this.#drains(client))), patienceMs);
    else if (busy.length > 0 && busy.length === hearing.length)
      await Promise.race(busy.map(client => this.#drains(client)));
  }

  #drains(client: PrivateClient): Promise<unknown> {
    const known = this.#slow.get(client);
    if (known) return known;
    const drains = drained(client.conn).then(() => this.#slow.delete(client));
    this.#slow.set(client, drains);
    return drains;
  }

  #isHearing(client: PrivateClient, topic: string): boolean {
    for (const filter of this.#filters.get(client) ?? [])
      if (matches(filter, topic)) return this.receives(client, topic);
    return false;
  }

  #gone(client: PrivateClient): void {
    const held = this.#filters.get(client) ?? [];
    this.#filters.delete(client);
    for (const filter of held) this.onChange(filter);
  }
}

async function unlessLate(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>(resolve => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
