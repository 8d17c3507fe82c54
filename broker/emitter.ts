import type { Arrived, Link, LinkError, LinkEvents, LinkState, Message, MessageHandler } from './link.js';

type Listeners = { [E in keyof LinkEvents]: Set<LinkEvents[E]> };

/** The part that all links have in common: a state, why it is not connected, and who wants to know. */
export abstract class LinkBase implements Link {
  readonly #listeners: Listeners = {
    connected: new Set(),
    lost: new Set(),
    failed: new Set(),
    dropped: new Set(),
  };
  #state: LinkState = 'connecting';
  #lastError: LinkError | null = null;
  #heardAt: number | null = null;
  #hears = false;

  /** Where nothing is ever said to be heard, in-process, what is connected is. */
  get heardAt(): number | null {
    return !this.#hears && this.#state === 'connected' ? performance.now() : this.#heardAt;
  }

  get state(): LinkState {
    return this.#state;
  }

  get lastError(): LinkError | null {
    return this.#lastError;
  }

  on<E extends keyof LinkEvents>(event: E, listener: LinkEvents[E]): void {
    this.#listeners[event].add(listener);
  }

  off<E extends keyof LinkEvents>(event: E, listener: LinkEvents[E]): void {
    this.#listeners[event].delete(listener);
  }

  publishParts(topic: string, parts: readonly Buffer[]): void {
    const [first] = parts;
    const payload = parts.length === 1 && first ? first : Buffer.concat(parts);
    this.publish({ topic, payload, qos: 0, retain: false });
  }

  abstract publish(message: Message, arrived?: Arrived): void;
  abstract subscribe(filters: readonly string[], handler: MessageHandler): Promise<void>;
  abstract retained(filter: string): Promise<Message[]>;
  abstract flush(deadlineMs: number): Promise<boolean>;
  abstract drained(): Promise<void>;
  abstract close(): Promise<void>;
  abstract abort(): void;

  protected emit<E extends keyof LinkEvents>(event: E, ...args: Parameters<LinkEvents[E]>): void {
    for (const listener of [...this.#listeners[event]]) {
      aside(() => (listener as (...given: Parameters<LinkEvents[E]>) => void)(...args));
    }
  }

  /** It can never be sent: whoever keeps it need not do so any more. */
  protected giveUp(why: string, arrived?: Arrived, isRefused = false): void {
    this.emit('dropped', 1, why);
    arrived?.(isRefused);
  }

  protected heard(): void {
    this.#hears = true;
    this.#heardAt = performance.now();
  }

  protected turnConnected(): void {
    this.#state = 'connected';
    this.#lastError = null;
    this.emit('connected');
  }

  protected turnLost(cause: LinkError): void {
    this.#heardAt = this.heardAt;
    this.#state = 'lost';
    this.#lastError = cause;
    this.emit('lost', cause);
  }

  protected attemptFailed(cause: LinkError): void {
    this.#lastError = cause;
    this.emit('failed', cause);
  }

  protected turnClosed(cause: LinkError): void {
    this.#state = 'closed';
    this.#lastError = cause;
  }
}

/** Runs someone else's code: what it throws is thrown again on an empty stack, not into a parser or a broker. */
export function aside(run: () => void): void {
  try {
    run();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** Waits for something that others count down to nothing; false when the deadline (ms) passed first. */
export class Idle {
  readonly #waiting = new Set<() => void>();

  constructor(private readonly isIdle: () => boolean) {}

  /** Something was counted down: look again. */
  check(): void {
    if (this.isIdle()) for (const wake of [...this.#waiting]) wake();
  }

  wait(deadlineMs: number): Promise<boolean> {
    if (this.isIdle()) return Promise.resolve(true);
    return new Promise(resolve => {
      const settle = (idle: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve(idle);
      };
      const wake = () => settle(true);
      const timer = setTimeout(settle, deadlineMs, false);
      this.#waiting.add(wake);
    });
  }
}
