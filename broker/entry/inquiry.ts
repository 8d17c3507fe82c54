/** Finds out who clients are: only so many at a time, and not for ever. */
import type { PrivateClient } from '../aedes/aedes-private.js';
import type { BrokerLimits } from '../limits.js';
import type { Authenticate, Known, Shown, Turned } from '../rules.js';
import { CONNACK, turned } from './door.js';
import type { Report } from './report.js';

export interface InquiryOptions {
  readonly authenticate: Authenticate;
  readonly limits: Pick<BrokerLimits, 'maxAuthenticating' | 'connectTimeoutMs'>;
  readonly report: Report;
}

export class Inquiry {
  readonly #since = new WeakMap<PrivateClient, number>();
  #pending = 0;

  constructor(private readonly options: InquiryOptions) {}

  /** Answers that are still awaited, those to clients that are gone included. */
  get pending(): number {
    return this.#pending;
  }

  /** Its socket has opened: the time runs from here. */
  begins(client: PrivateClient): void {
    this.#since.set(client, performance.now());
  }

  /** `then` is called at once where the answer is there at once, and not at all where the client is gone by then. */
  ask(client: PrivateClient, shown: Shown, then: (answer: Known | Turned) => void): void {
    const { authenticate, limits } = this.options;
    if (this.#pending >= limits.maxAuthenticating) {
      const reason = `it is being found out who ${limits.maxAuthenticating} others are`;
      then(turned(CONNACK.unavailable, 'too-many-logins', reason));
      return;
    }
    try {
      const answer = authenticate(shown);
      if (answer instanceof Promise) this.#await(client, answer, then);
      else then(answer);
    } catch (error) {
      then(this.#failed(error));
    }
  }

  #await(
    client: PrivateClient,
    answer: Promise<Known | Turned>,
    then: (answer: Known | Turned) => void,
  ): void {
    this.#pending++;
    const timer = setTimeout(() => this.#late(client), this.#left(client));
    client.conn.once('close', () => clearTimeout(timer));
    answer
      .catch(error => this.#failed(error))
      .then(found => {
        this.#pending--;
        clearTimeout(timer);
        if (!client.closed && !client.conn.destroyed) then(found);
      });
  }

  /** Milliseconds. */
  #left(client: PrivateClient): number {
    const since = this.#since.get(client) ?? performance.now();
    return Math.max(0, since + this.options.limits.connectTimeoutMs - performance.now());
  }

  #late(client: PrivateClient): void {
    const reason = `who it is was not known within ${this.options.limits.connectTimeoutMs} ms`;
    this.options.report({ code: 'connect-timeout', reason }, client);
    client.conn.destroy();
  }

  /** No more than what kind of error it was: its words may have a secret in them. */
  #failed(error: unknown): Turned {
    const { code, name = 'an error' } = error as { code?: string; name?: string };
    return turned(CONNACK.unavailable, 'internal', `it could not be found out who it is: ${code ?? name}`);
  }
}
