import { aside } from '../emitter.js';
import { LinkError, type Message, type MessageHandler } from '../link.js';
import { matches } from '../topics.js';

export interface Subscription {
  readonly filters: readonly string[];
  readonly handler: MessageHandler;
  /** Settles it: at the first answer only. */
  readonly answer: (refusal: LinkError | null) => void;
}

/** What a link is subscribed to, whether or not it is connected: asked for anew on each connection. */
export class Subscriptions {
  readonly #all = new Set<Subscription>();

  [Symbol.iterator](): Iterator<Subscription> {
    return this.#all.values();
  }

  /** A new one, and what resolves when the broker has granted it once. */
  add(
    filters: readonly string[],
    handler: MessageHandler,
  ): { subscription: Subscription; granted: Promise<void> } {
    const { promise, resolve, reject } = withResolvers();
    const answer = (refusal: LinkError | null) => (refusal ? reject(refusal) : resolve());
    const subscription = { filters, handler, answer };
    this.#all.add(subscription);
    return { subscription, granted: promise };
  }

  refuse(subscription: Subscription, host: string): void {
    this.#all.delete(subscription);
    const reason = `${host} refuses ${subscription.filters.join(' ')}`;
    subscription.answer(new LinkError('refused', reason));
  }

  /** Hands a message to whose filters it falls under, once each, until `ended`. */
  deliver(message: Message, ended: () => boolean): void {
    for (const { filters, handler } of this.#all) {
      if (ended()) return;
      if (filters.some(filter => matches(filter, message.topic))) aside(() => handler(message));
    }
  }

  end(cause: LinkError): void {
    for (const { answer } of this.#all) answer(cause);
    this.#all.clear();
  }
}

function withResolvers(): {
  promise: Promise<void>;
  resolve: () => void;
  reject: (cause: LinkError) => void;
} {
  let settle = {} as { resolve: () => void; reject: (cause: LinkError) => void };
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}
