import type { Message } from '../link.js';

/** QoS 1 messages on their way: a bounded queue and a window of those that wait for their PUBACK. */
export class Outbox {
  #queue: Message[] = [];
  /** Where the queue begins: shifting a long array for every message would cost its length each time. */
  #head = 0;
  readonly #inFlight = new Map<number, Message>();
  #ticket = 0;

  constructor(
    private readonly maxQueued: number,
    private readonly window: number,
  ) {}

  /** Messages not acknowledged yet. */
  get size(): number {
    return this.#queue.length - this.#head + this.#inFlight.size;
  }

  /** Queues a message; returns how many older ones had to go for it. */
  push(message: Message): number {
    this.#queue.push(message);
    if (this.#queue.length - this.#head <= this.maxQueued) return 0;
    this.#shift();
    return 1;
  }

  /** The next one to send, with the ticket to acknowledge it by; null when there is none or the window is full. */
  next(): { ticket: number; message: Message } | null {
    if (this.#inFlight.size >= this.window) return null;
    const message = this.#shift();
    if (!message) return null;
    this.#inFlight.set(++this.#ticket, message);
    return { ticket: this.#ticket, message };
  }

  acknowledge(ticket: number): void {
    this.#inFlight.delete(ticket);
  }

  /** The connection is gone: what was in flight goes out first on the next one, in the same order. */
  rewind(): void {
    if (this.#inFlight.size === 0) return;
    this.#queue = [...this.#inFlight.values(), ...this.#queue.slice(this.#head)];
    this.#head = 0;
    this.#inFlight.clear();
  }

  #shift(): Message | undefined {
    const message = this.#queue[this.#head];
    if (!message) return undefined;
    this.#head++;
    if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return message;
  }
}
