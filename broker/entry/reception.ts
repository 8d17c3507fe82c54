import type { Socket } from 'node:net';
import type { PrivateClient } from '../aedes/aedes-private.js';
import type { BrokerLimits } from '../limits.js';
import type { Identity, Known, TopicRules, Turned, Who } from '../rules.js';
import { isRefusal } from '../topics.js';
import { type Asked, askedBy, type ConnectPacket } from './asked.js';
import type { Claims, Holder } from './claims.js';
import { CONNACK, identityOf, turnAway, turned, wrongWill } from './door.js';
import type { Inquiry } from './inquiry.js';
import type { Judging } from './judge.js';
import type { Report } from './report.js';
import { shownBy } from './shown.js';

/** A client that was let in. */
interface Session {
  readonly known: Known;
  readonly identity: Identity | null;
  /** Its keepalive ran out: the will that follows is not due to the socket's death. */
  silent: boolean;
  /** Nothing of it is let through any more, its will neither. */
  revoked: boolean;
}

export interface ReceptionOptions extends Judging {
  readonly rules: TopicRules;
  readonly limits: BrokerLimits;
  readonly identify: (clientId: string) => Identity | null;
  readonly inquiry: Inquiry;
  readonly claims: Claims;
  readonly report: Report;
  readonly onEntered: (client: PrivateClient, known: Known) => void;
}

/** `foreign`: the session kept under its client id is somebody else's, and must be forgotten first. */
export interface Entry {
  readonly turned: Turned | null;
  readonly foreign: boolean;
}

/** Lets clients in, or answers why not, and remembers who they are. */
export class Reception {
  readonly #asked = new WeakMap<PrivateClient, Asked>();
  readonly #sessions = new WeakMap<PrivateClient, Session>();
  /** Clients that were let in and whose socket is not gone. */
  readonly #present = new Map<Socket, PrivateClient>();
  readonly #byId = new Map<string, PrivateClient>();
  /** Client ids that have a session (clean=false), whether they are there or away, and whose it is. */
  readonly #kept = new Map<string, Known>();

  constructor(private readonly options: ReceptionOptions) {}

  get count(): number {
    return this.#present.size;
  }

  identityOf(client: PrivateClient): Identity | null {
    return this.#sessions.get(client)?.identity ?? null;
  }

  /** Undefined for one that was not let in, or is no more. */
  whoOf(client: PrivateClient): Who | undefined {
    const session = this.#sessions.get(client);
    return session && !session.revoked ? session.known.who : undefined;
  }

  /** Who has a session (clean=false) of this client id. */
  whoKeeps(clientId: string): Who | undefined {
    return this.#kept.get(clientId)?.who;
  }

  /** Notes what a CONNECT asks for; the answer is given by receive(), since preConnect can't send a CONNACK. */
  examine(client: PrivateClient, packet: ConnectPacket): void {
    this.#asked.set(client, askedBy(packet));
  }

  /** Finds out who a client is; `then` says why it is not let in, reported, or that it is, and has claimed its name. */
  receive(
    client: PrivateClient,
    username: string | undefined,
    password: Buffer | undefined,
    then: (entry: Entry) => void,
  ): void {
    const asked = this.#asked.get(client);
    const early = asked ? this.#tooMuch(asked) : turned(CONNACK.unavailable, 'internal', 'no CONNECT');
    if (!asked || early) return then(this.#turn(client, early));
    const shown = shownBy(client.id, client.conn, username, password);
    this.options.inquiry.ask(client, shown, known => then(this.#welcome(client, asked, known)));
  }

  fellSilent(client: PrivateClient): void {
    const session = this.#sessions.get(client);
    if (session) session.silent = true;
  }

  wasSilent(client: PrivateClient): boolean {
    return this.#sessions.get(client)?.silent ?? false;
  }

  /** Drops those who are there, without their wills; returns how many, and the ids of sessions to be forgotten. */
  dismiss(isMeant: (who: Who) => boolean): { readonly dropped: number; readonly sessions: string[] } {
    const sessions = [...this.#kept].filter(([, { who }]) => isMeant(who)).map(([id]) => id);
    for (const id of sessions) this.#kept.delete(id);
    let dropped = 0;
    for (const [conn, client] of [...this.#present]) {
      const session = this.#sessions.get(client);
      if (!session || !isMeant(session.known.who)) continue;
      session.revoked = true;
      conn.destroy();
      dropped++;
    }
    return { dropped, sessions };
  }

  /** Whether there is room for it, whoever it is. */
  #tooMuch(asked: Asked): Turned | null {
    const { clientId, clean } = asked;
    const clients = this.count - (this.#byId.has(clientId) ? 1 : 0);
    const caller = { ...asked, newSession: !clean && !this.#kept.has(clientId) };
    return turnAway({ limits: this.options.limits, clients, sessions: this.#kept.size }, caller);
  }

  #welcome(client: PrivateClient, asked: Asked, known: Known | Turned): Entry {
    if (isRefusal(known)) return this.#turn(client, known);
    const { identify, onEntered } = this.options;
    const identity = identityOf(identify(asked.clientId), known, client.id);
    if (identity && isRefusal(identity)) return this.#turn(client, identity);
    // Others may have come while it was found out who this is.
    const why =
      this.#tooMuch(asked) ??
      wrongWill(this.options, known.who, asked.will) ??
      this.#othersId(client.id, known) ??
      this.#claim(client, identity);
    if (why) return this.#turn(client, why);
    const kept = this.#kept.get(client.id);
    if (asked.clean) this.#kept.delete(client.id);
    else this.#kept.set(client.id, known);
    this.#sessions.set(client, { known, identity, silent: false, revoked: false });
    this.#enter(client);
    onEntered(client, known);
    return { turned: null, foreign: kept !== undefined && kept.id !== known.id };
  }

  #turn(client: PrivateClient, why: Turned | null): Entry {
    if (why) this.options.report(why, client);
    return { turned: why, foreign: false };
  }

  #enter(client: PrivateClient): void {
    const { conn, id } = client;
    this.#present.set(conn, client);
    this.#byId.set(id, client);
    conn.once('close', () => {
      this.#present.delete(conn);
      if (this.#byId.get(id) === client) this.#byId.delete(id);
    });
  }

  /** A client takes its own connection over, and nobody else's. */
  #othersId(clientId: string, { id }: Known): Turned | null {
    const there = this.#byId.get(clientId);
    const isOthers = there && !there.closed && this.#sessions.get(there)?.known.id !== id;
    if (!isOthers) return null;
    return turned(
      CONNACK.identifierRejected,
      'client-id-taken',
      'somebody else is connected by this client id',
    );
  }

  #claim(client: PrivateClient, identity: Identity | null): Turned | null {
    if (!identity || identity.name === '') return null;
    const { claims } = this.options;
    const holder: Holder = {
      instance: identity.instance,
      alive: () => !client.closed && !client.conn.destroyed,
      drop: () => client.conn.destroy(),
    };
    if (!claims.take(identity.name, holder)) {
      return turned(CONNACK.identifierRejected, 'name-taken', `another live node is named ${identity.name}`);
    }
    client.conn.once('close', () => claims.end(identity.name, holder));
    return null;
  }
}
