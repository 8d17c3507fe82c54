import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { Aedes, type AedesPublishPacket } from 'aedes';
import type { PrivateAedes, PrivateClient, WirePacket } from './aedes/aedes-private.js';
import {
  capPackets,
  divert,
  ForwardGuard,
  keepOvertaken,
  keepSuccessors,
  neverWaitForSubscribers,
  washPackets,
} from './aedes/guards.js';
import { RetainedStore } from './aedes/retained.js';
import { BoundedStore } from './aedes/store.js';
import { Claims, type Holder } from './entry/claims.js';
import { Gate } from './entry/gate.js';
import { Reception } from './entry/reception.js';
import { type RefusedEvent, type Report, reporter } from './entry/report.js';
import { BROKER_LIMITS, type BrokerLimits } from './limits.js';
import { LinkError, type Message } from './link.js';
import { type Address, type Listener, TcpListener } from './listener.js';
import { type LocalHost, LocalLink, received } from './local-link.js';
import type { Admit, Identity, TopicRules } from './rules.js';

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
  readonly limits?: Partial<BrokerLimits>;
  readonly listener?: Listener;
}

export interface LocalLinkOptions {
  /** '' = the node that owns the broker; any number of links may have it. */
  readonly name: string;
  readonly instance: string;
  readonly will?: Message;
}

type Stored = AedesPublishPacket & { payload: Buffer };

/** Sockets beyond maxClients that are taken on, so that those too many can be told by a CONNACK. */
const ANTEROOM = 100;

/** An MQTT 3.1.1 broker inside this process, with the guards that aedes 1.2.0 needs. */
export class EmbeddedBroker {
  readonly limits: BrokerLimits;
  readonly #report: Report;
  readonly #claims = new Claims();
  readonly #retained: RetainedStore<Stored>;
  readonly #reception: Reception;
  readonly #gate: Gate;
  readonly #aedes: PrivateAedes;
  readonly #listener: Listener;
  readonly #sockets = new Set<Socket>();
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
    const report = reporter(options.onRefused);
    this.limits = limits;
    this.#report = report;
    this.#retained = new RetainedStore<Stored>(limits);
    this.#reception = new Reception({ rules, limits, identify, claims: this.#claims, report });
    this.#gate = new Gate({
      rules,
      limits,
      admit,
      retained: this.#retained,
      reception: this.#reception,
      report,
    });
    this.#listener = options.listener ?? new TcpListener();
    this.#address = { host: options.host, port: options.port };
    this.#aedes = this.#createAedes();
    this.#host = this.#createHost();
  }

  /** Where it really listens. */
  get address(): Address {
    return this.#address;
  }

  /** Sockets that are open, and clients that were let in over them. */
  get connections(): { readonly sockets: number; readonly clients: number } {
    return { sockets: this.#sockets.size, clients: this.#reception.count };
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

  /** Drops a client's connection, its will fires; false if there is none. */
  closeClient(clientId: string): boolean {
    const client = this.#aedes.clients[clientId];
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
    await this.#aedes.listen();
    try {
      this.#address = await this.#listener.open(this.#address, socket => this.#greet(socket));
    } catch (error) {
      await new Promise<void>(resolve => this.#aedes.close(resolve));
      throw error;
    }
  }

  async #shut(): Promise<void> {
    // First of all: aedes leaves the server listening, and publishes every client's will, when it is closed.
    const unheard = this.#listener.close();
    for (const link of [...this.#links.keys()])
      link.drop(new LinkError('unreachable', 'the broker closed'), false);
    await new Promise<void>(resolve => this.#aedes.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await unheard;
  }

  #greet(socket: Socket): void {
    if (this.#closing || this.#sockets.size >= this.limits.maxClients + ANTEROOM) {
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const client = this.#aedes.handle(socket) as unknown as PrivateClient;
    capPackets(client, this.limits.maxPacketBytes);
    washPackets(client, this.limits, refusal => this.#report(refusal, client));
  }

  #createAedes(): PrivateAedes {
    const forward = this.#createForward();
    const aedes = new Aedes({
      // Of messages under way: a frozen subscriber holds some for ever, and at the bound everyone waits.
      concurrency: 0,
      connectTimeout: this.limits.connectTimeoutMs,
      drainTimeout: this.limits.drainTimeoutMs,
      maxTopicLevels: 100,
      persistence: this.#createStore(),
      preConnect: (client, packet, done) => {
        const replacesOne = this.#aedes.clients[packet.clientId] !== undefined;
        this.#reception.examine(priv(client), packet, replacesOne);
        done(null, true);
      },
      authenticate: (client, _username, _password, done) => {
        const turned = this.#reception.receive(priv(client));
        if (!turned) done(null, true);
        else done(Object.assign(new Error(turned.reason), { returnCode: turned.returnCode }), false);
      },
      // Synchronous: an answer that comes later reorders one client's messages.
      authorizePublish: (client, packet, done) => {
        if (this.#closing || !client) done(new Error('the broker closes'));
        else {
          this.#gate.mark(priv(client), packet as WirePacket);
          done(null);
        }
      },
      authorizeSubscribe: (client, subscription, done) =>
        done(null, this.#gate.grants(priv(client), subscription.topic) ? subscription : null),
      authorizeForward: (client, packet) => forward.forward(priv(client), packet),
    });
    // Untyped in aedes: what its store rejects with. Without a listener it would end the process.
    (aedes as EventEmitter).on('error', (error: Error) =>
      this.#report({ code: 'internal', reason: error.message }, null),
    );
    aedes.on('keepaliveTimeout', client => this.#reception.fellSilent(priv(client)));
    const guarded = aedes as unknown as PrivateAedes;
    for (const guard of [keepOvertaken, neverWaitForSubscribers, keepSuccessors, divert]) guard(guarded);
    return guarded;
  }

  #createForward(): ForwardGuard<Stored> {
    return new ForwardGuard(this.limits.backlogBytes, this.#retained, (client, disconnected) => {
      const reason = disconnected
        ? 'disconnected: it does not read'
        : 'QoS 0 messages dropped: it does not keep up';
      this.#report({ code: 'slow-subscriber', reason }, client);
    });
  }

  #createStore(): BoundedStore {
    return new BoundedStore({
      retained: this.#retained,
      maxQueuedPerClient: this.limits.maxQueuedPerClient,
      maySubscribe: (client, filter) =>
        this.#gate.filterRefusal(this.#reception.identityOf(priv(client)), filter) === null,
      onQueueFull: clientId =>
        this.#report({ code: 'queue-full', reason: `messages for the absent ${clientId} dropped` }, null),
    });
  }

  #createHost(): LocalHost {
    return {
      submit: (message, origin, done) => {
        const passed = this.#closing ? null : this.#gate.pass(message, origin, null);
        if (passed === null) setImmediate(done);
        else this.#aedes.publish({ cmd: 'publish', dup: false, ...passed }, null, done);
      },
      filterRefusal: (identity, filter) => this.#gate.filterRefusal(identity, filter),
      listen: (filter, onMessage) => {
        const listener = (packet: AedesPublishPacket, done: () => void) => {
          onMessage(packet);
          done();
        };
        this.#aedes.subscribe(filter, listener, () => {});
        return () => this.#aedes.unsubscribe(filter, listener, () => {});
      },
      retainedUnder: filter =>
        Array.from(this.#retained.find(filter), packet => ({ ...received(packet), retain: true })),
      ended: link => {
        const holder = this.#links.get(link);
        this.#links.delete(link);
        if (holder) this.#claims.end(link.identity.name, holder);
      },
    };
  }
}

/** The same client, its private parts visible to the guards. */
const priv = (client: object): PrivateClient => client as PrivateClient;
