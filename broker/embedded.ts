import type { Socket } from 'node:net';
import type { Audience } from './aedes/audience.js';
import type { Engine } from './aedes/engine.js';
import type { Holder } from './entry/claims.js';
import { Crossings } from './entry/crossings.js';
import { Sockets, turnOff } from './entry/sockets.js';
import type { BrokerLimits } from './limits.js';
import { LinkError } from './link.js';
import { Doors } from './listen/doors.js';
import { type Address, TcpListener } from './listener.js';
import { localHost } from './local-host.js';
import { LocalLink } from './local-link.js';
import type { LocalHost } from './local-port.js';
import type { BrokerOptions, LocalLinkOptions } from './options.js';
import { assemble, type Parts } from './parts.js';
import type { Who } from './rules.js';
import { joinWrites } from './wire/join-writes.js';

export type { RefusedEvent } from './entry/report.js';
export type { BrokerOptions, EnteredEvent, LocalLinkOptions } from './options.js';

/** An MQTT 3.1.1 broker inside this process, with the guards that aedes 1.2.0 needs. */
export class EmbeddedBroker {
  readonly limits: BrokerLimits;
  /** Who is subscribed to what over a socket. */
  readonly audience: Pick<Audience, 'asksFor' | 'hears' | 'ready'>;
  readonly #parts: Parts;
  readonly #engine: Engine;
  readonly #sockets: Sockets;
  readonly #crossings: Crossings;
  readonly #doors: Doors;
  readonly #links = new Map<LocalLink, Holder>();
  readonly #host: LocalHost;
  /** Set first by close(): an orderly end publishes nobody's will. */
  #closing = false;
  #closed: Promise<void> | null = null;

  /** Resolves when it listens. Rejects with the system's `code` (EADDRINUSE, EACCES) and a message naming host:port. */
  static async listen(options: BrokerOptions): Promise<EmbeddedBroker> {
    const broker = await EmbeddedBroker.create(options);
    await broker.open().catch(async error => {
      await broker.close();
      throw error;
    });
    return broker;
  }

  /** For links of this process alone, until it is opened. */
  static async create(options: BrokerOptions): Promise<EmbeddedBroker> {
    const broker = new EmbeddedBroker(options);
    await broker.#engine.aedes.listen();
    return broker;
  }

  private constructor(options: BrokerOptions) {
    const isClosing = () => this.#closing;
    this.#crossings = new Crossings(options.onRefused);
    this.#parts = assemble({ ...options, onRefused: this.#crossings.take }, isClosing);
    this.#sockets = new Sockets(this.#parts.limits, this.#crossings.take, options.callerOf);
    this.#engine = this.#parts.engine;
    this.limits = this.#parts.limits;
    this.audience = this.#parts.audience;
    const at = { host: options.host, port: options.port };
    this.#doors = new Doors([
      { at, listener: options.listener ?? new TcpListener() },
      ...(options.more ?? []),
    ]);
    this.#host = localHost({ ...this.#parts, isClosing });
  }

  /** Where it really listens. */
  get address(): Address {
    return this.#doors.addresses[0] as Address;
  }

  /** The same of all its listeners, in the order in which they were given. */
  get addresses(): readonly Address[] {
    return this.#doors.addresses;
  }

  /** Sockets that are open, and clients that were let in over them. */
  get connections(): { readonly sockets: number; readonly clients: number } {
    return { sockets: this.#sockets.size, clients: this.#parts.reception.count };
  }

  /** What was not let through, by code, since the start. */
  get crossings(): ReadonlyMap<string, number> {
    return this.#crossings.counts;
  }

  /** A link without a socket. Throws LinkError name-taken where another live instance has the name. */
  link(options: LocalLinkOptions): LocalLink {
    const link = new LocalLink(options);
    this.attach(link);
    return link;
  }

  /** The same for one that was made before there was a broker. */
  attach(link: LocalLink): void {
    const { name, instance } = link.identity;
    const holder: Holder = {
      instance,
      alive: () => link.state === 'connecting' || link.state === 'connected',
      drop: () => link.drop(new LinkError('unreachable', 'dropped by the broker'), true),
    };
    if (name !== '' && !this.#parts.claims.take(name, holder)) {
      throw new LinkError('name-taken', `another live node is named ${name}`);
    }
    this.#links.set(link, holder);
    link.attach(this.#host, () => this.#forget(link));
  }

  /** Whether a live node of this name is connected. */
  holds(name: string): boolean {
    return this.#parts.claims.holds(name);
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
   * Drops everybody who came over a socket and of whom this holds, with what is kept for them; nothing of theirs is let
   * through from now on, their wills neither. Returns how many were connected.
   */
  closeWhere(isMeant: (who: Who) => boolean): number {
    const { dropped, sessions } = this.#parts.reception.dismiss(isMeant);
    for (const clientId of sessions) void this.#engine.forget(clientId);
    return dropped;
  }

  /**
   * Frees a name and drops whoever holds it, its will fires: for a holder that was declared lost, so that a successor
   * may come. False if nobody held it.
   */
  release(name: string): boolean {
    return this.#parts.claims.release(name);
  }

  /** Accepts no more, drops everyone without publishing a will, forgets everything. */
  close(): Promise<void> {
    this.#closing = true;
    this.#closed ??= this.#shut();
    return this.#closed;
  }

  /** From now on it listens, too. Rejects as `listen` does. */
  open(): Promise<void> {
    return this.#doors.open(socket => this.#greet(socket));
  }

  async #shut(): Promise<void> {
    // First of all: aedes leaves the server listening, and publishes every client's will, when it is closed.
    const unheard = this.#doors.close();
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
    this.#parts.inquiry.begins(this.#engine.handle(socket));
  }

  #forget(link: LocalLink): void {
    const holder = this.#links.get(link);
    this.#links.delete(link);
    if (holder) this.#parts.claims.end(link.identity.name, holder);
  }
}
