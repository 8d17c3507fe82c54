import type { Arrived, Message } from '../link.js';
import { Stuck } from './stuck.js';

export interface Entry {
  readonly message: Message;
  /** Somebody else keeps it, and wants to know when it was acknowledged. */
  readonly arrived?: Arrived | undefined;
}

/** QoS 1 messages on their way: a bounded queue and a window of those that wait for their PUBACK. */
export class Outbox {
  #queue: Entry[] = [];
  /** Where the queue begins: shifting a long array for every message would cost its length each time. */
  #head = 0;
  readonly #inFlight = new Map<number, Entry>();
  #ticket = 0;
  readonly #stuck = new Stuck();

  constructor(
    private readonly maxQueued: number,
    private readonly window: number,
  ) {}

  /** Messages not acknowledged yet. */
  get size(): number {
    return this.#queue.length - this.#head + this.#inFlight.size;
  }

  /** Queues a message; returns how many older ones had to go for it. */
  push(entry: Entry): number {
    this.#queue.push(entry);
    if (this.#queue.length - this.#head <= this.maxQueued) return 0;
    // What somebody waits for is not the one that goes.
    const at = this.#queue.findIndex(({ arrived }, index) => index >= this.#head && !arrived);
    if (at === -1) return 0;
    this.#queue.splice(at, 1);
    return 1;
  }

  /** The next one to send, with the ticket to acknowledge it by; null when there is none or the window is full. */
  next(): { ticket: number; entry: Entry } | null {
    if (this.#inFlight.size >= this.#stuck.most(this.window)) return null;
    const entry = this.#shift();
    if (!entry) return null;
    this.#inFlight.set(++this.#ticket, entry);
    return { ticket: this.#ticket, entry };
  }

  acknowledge(ticket: number): void {
    const entry = this.#inFlight.get(ticket);
    this.#inFlight.delete(ticket);
    this.#stuck.taken();
    entry?.arrived?.();
  }

  /** The connection is gone: what was in flight goes out first on the next one, in the same order; what others keep does not. `refuse`: of one that no connection has survived, and which is in it no more. */
  rewind(refuse: (why: string, arrived: Entry['arrived']) => void = () => {}): void {
    const flying = [...this.#inFlight.values()];
    const refused = this.#stuck.lost(flying.length) ? flying.shift() : undefined;
    const all = [...flying, ...this.#queue.slice(this.#head)];
    this.#queue = all.filter(({ arrived }) => !arrived);
    this.#head = 0;
    this.#inFlight.clear();
    if (refused) refuse('the other side ends its connections for it', refused.arrived);
  }

  #shift(): Entry | undefined {
    const entry = this.#queue[this.#head];
    if (!entry) return undefined;
    this.#head++;
    if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return entry;
  }
}
