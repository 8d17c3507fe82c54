import type { EmbeddedBroker } from './embedded.js';
import type { LinkError } from './link.js';
import { LocalLink } from './local-link.js';
import type { LocalLinkOptions } from './options.js';

/** Whoever gives out links without a socket: a broker, or the place of one that is still to come. */
export interface Parent {
  /** Throws LinkError name-taken where another live instance has the name. */
  link(options: LocalLinkOptions): LocalLink;
}

/** The place of a broker of this process: its links may be made, and be spoken to, before it is there. */
export class LocalParent implements Parent {
  #broker: EmbeddedBroker | null = null;
  #waiting: LocalLink[] = [];

  link(options: LocalLinkOptions): LocalLink {
    if (this.#broker) return this.#broker.link(options);
    const link = new LocalLink(options);
    this.#waiting.push(link);
    return link;
  }

  /** To be called before the broker listens: nobody else can have come by a name then. */
  open(broker: EmbeddedBroker): void {
    this.#broker = broker;
    // Those that were closed meanwhile want no name any more.
    for (const link of this.#waiting.splice(0)) if (link.state === 'connecting') broker.attach(link);
  }

  /** There will be no broker. */
  fail(cause: LinkError): void {
    for (const link of this.#waiting.splice(0)) link.drop(cause, false);
  }
}
