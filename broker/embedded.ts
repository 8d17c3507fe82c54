import type { Socket } from 'node:net';
import { Audience } from './aedes/audience.js';
import { createEngine, type Engine, type Stored } from './aedes/engine.js';
import { RetainedStore } from './aedes/retained.js';
import { Claims, type Holder } from './entry/claims.js';
import { Crossings } from './entry/crossings.js';
import { Gate } from './entry/gate.js';
import { Reception } from './entry/reception.js';
import { type RefusedEvent, reporter } from './entry/report.js';
import { Sockets, turnOff } from './entry/sockets.js';
import { BROKER_LIMITS, type BrokerLimits } from './limits.js';
import { LinkError, type Message } from './link.js';
import { type Address, type Listener, TcpListener } from './listener.js';
import { localHost } from './local-host.js';
import { type LocalHost, LocalLink } from './local-link.js';
import type { Admit, Identity, TopicRules } from './rules.js';
import { joinWrites } from './wire/join-writes.js';

export type { RefusedEvent } from './entry/report.js';

export interface BrokerOptions {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly rules: TopicRules;
  /** Who a client id says it is; null for anyone who is no node of the tree. */
  readonly identify: (clientId: string) => Identity | null;
  /** The house's word on every message and will that passed the checks; called synchronously, in order of arrival. */
  readonly admit: Admit;
  readonly onRefused: (event: RefusedEvent) => void;
  /** A client has begun or ceased to be subscribed to a filter; called at once, so: note it and return. */
  readonly onAudience?: (filter: string) => void;
  readonly limits?: Partial<BrokerLimits>;
  readonly listener?: Listener;
}

export interface LocalLinkOptions {
  /** '' = the node that owns the broker; any number of links may have it. */
  readonly name: string;
  readonly instance: string;
  readonly will?: Message;
}

/** An MQTT 3.1.1 broker inside this process, with the guards that aedes 1.2.0 needs. */
export class EmbeddedBroker {
  readonly limits: BrokerLimits;
  /** Who is subscribed to what over a socket. */
  readonly audience: Pick<Audience, 'asksFor' | 'hears' | 'ready'>;
  readonly #claims = new Claims();
  readonly #retained: RetainedStore<Stored>;
  readonly #reception: Reception;
  readonly #gate: Gate;
  readonly #engine: Engine;
  readonly #listener: Listener;
  readonly #sockets: Sockets;
  readonly #crossings: Crossings;
  readonly #links = new Map<LocalLink, Holder>();
  readonly #host: LocalHost;
  #address: Address;
  /** Set first by close(): an orderly end publishes nobody's will. */
  #closing = false;
  #closed: Promise<void> | null = null;

  /** Resolves when it listens. Rejects with the system's `code` (EADDRINUSE, EACCES) and a message naming host:port. */
  static async listen(options: BrokerOptions): Promise<EmbeddedBroker> {
    const broker = new EmbeddedBroker(options);
    await broker.#open();
    return broker;
  }

  private constructor(options: BrokerOptions) {
    const { rules, identify, admit } = options;
    const limits = { ...BROKER_LIMITS, ...options.limits };
    this.#crossings = new Crossings(options.onRefused);
    this.#sockets = new Sockets(limits, this.#crossings.take);
    const report = reporter(this.#crossings.take);
    this.limits = limits;
    this.#retained = new RetainedStore<Stored>(limits, rules.prefix);
    this.#reception = new Reception({ rules, limits, identify, claims: this.#claims, report });
    const entry = { rules, limits, retained: this.#retained, reception: this.#reception, report };
    this.#gate = new Gate({ ...entry, admit });
    this.#listener = options.listener ?? new TcpListener();
    this.#address = { host: options.host, port: options.port };
    const audience = new Audience(filter => this.#closing || options.onAudience?.(filter));
    this.audience = audience;
    this.#engine = createEngine({ ...entry, audience, gate: this.#gate, isClosing: () => this.#closing });
    this.#host = localHost({
      engine: this.#engine,
      gate: this.#gate,
      retained: this.#retained,
      isClosing: () => this.#closing,
      ended: link => this.#forget(link),
    });
  }

  /** Where it really listens. */
  get address(): Address {
    return this.#address;
  }

  /** Sockets that are open, and clients that were let in over them. */
  get connections(): { readonly sockets: number; readonly clients: number } {
    return { sockets: this.#sockets.size, clients: this.#reception.count };
  }

  /** What was not let through, by code, since the start. */
  get crossings(): ReadonlyMap<string, number> {
    return this.#crossings.counts;
  }

  /** A link without a socket. Throws LinkError name-taken where another live instance has the name. */
  link({ name, instance, will }: LocalLinkOptions): LocalLink {
    const link = new LocalLink(this.#host, { name, instance }, will ?? null);
    const holder: Holder = {
      instance,
      alive: () => link.state === 'connecting' || link.state === 'connected',
      drop: () => link.drop(new LinkError('unreachable', 'dropped by the broker'), true),
    };
    if (name !== '' && !this.#claims.take(name, holder)) {
      throw new LinkError('name-taken', `another live node is named ${name}`);
    }
    this.#links.set(link, holder);
    return link;
  }

  /** Whether a live node of this name is connected. */
  holds(name: string): boolean {
    return this.#claims.holds(name);
  }

  /** Whether anyone, maybe away for the moment, asks by name for what is published on this topic. */
  isAwaited(topic: string): Promise<boolean> {
    return this.#engine.isAwaited(topic);
  }

  /** Drops a client's connection, its will fires; false if there is none. */
  closeClient(clientId: string): boolean {
    const client = this.#engine.aedes.clients[clientId];
    client?.conn.destroy();
    return client !== undefined;
  }

  /**
   * Frees a name and drops whoever holds it, its will fires: for a holder that was declared lost, so that a successor
   * may come. False if nobody held it.
   */
  release(name: string): boolean {
    return this.#claims.release(name);
  }

  /** Accepts no more, drops everyone without publishing a will, forgets everything. */
  close(): Promise<void> {
    this.#closing = true;
    this.#closed ??= this.#shut();
    return this.#closed;
  }

  async #open(): Promise<void> {
    await this.#engine.aedes.listen();
    try {
      this.#address = await this.#listener.open(this.#address, socket => this.#greet(socket));
    } catch (error) {
      await new Promise<void>(resolve => this.#engine.aedes.close(resolve));
      throw error;
    }
  }

  async #shut(): Promise<void> {
    // First of all: aedes leaves the server listening, and publishes every client's will, when it is closed.
    const unheard = this.#listener.close();
    for (const link of [...this.#links.keys()])
      link.drop(new LinkError('unreachable', 'the broker closed'), false);
    await new Promise<void>(resolve => this.#engine.aedes.close(resolve));
    this.#sockets.destroyAll();
    await unheard;
  }

  #greet(socket: Socket): void {
    if (this.#closing) turnOff(socket);
    if (this.#closing || !this.#sockets.enter(socket)) return;
    joinWrites(socket);
    this.#engine.handle(socket);
  }

  #forget(link: LocalLink): void {
    const holder = this.#links.get(link);
    this.#links.delete(link);
    if (holder) this.#claims.end(link.identity.name, holder);
  }
}
