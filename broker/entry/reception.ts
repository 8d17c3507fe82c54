import type { Socket } from 'node:net';
import { messageOf, type PrivateClient, type WirePacket } from '../aedes/aedes-private.js';
import type { BrokerLimits } from '../limits.js';
import type { Identity, TopicRules } from '../rules.js';
import type { Claims, Holder } from './claims.js';
import { idProblem } from './client-id.js';
import { CONNACK, type Turned, turnAway } from './door.js';
import type { Report } from './report.js';

/** What is known of a client from its CONNECT on. */
interface Session {
  readonly identity: Identity | null;
  readonly turned: Turned | null;
  /** Its keepalive ran out: the will that follows is not due to the socket's death. */
  silent: boolean;
}

export interface ReceptionOptions {
  readonly rules: TopicRules;
  readonly limits: BrokerLimits;
  readonly identify: (clientId: string) => Identity | null;
  readonly claims: Claims;
  readonly report: Report;
}

interface Connect {
  readonly clientId?: string;
  readonly clean?: boolean;
  readonly keepalive?: number;
  readonly will?: unknown;
}

/** Lets clients in, or answers why not, and remembers who they are. */
export class Reception {
  readonly #sessions = new WeakMap<PrivateClient, Session>();
  /** Clients that were let in and whose socket is not gone. */
  readonly #present = new Map<Socket, PrivateClient>();
  /** Client ids that have a session (clean=false), whether they are there or away; true where they came back to it. */
  readonly #kept = new Map<string, boolean>();

  constructor(private readonly options: ReceptionOptions) {}

  get count(): number {
    return this.#present.size;
  }

  identityOf(client: PrivateClient): Identity | null {
    return this.#sessions.get(client)?.identity ?? null;
  }

  /** Looks at a CONNECT; the answer is given by receive(), since preConnect can't send a CONNACK. */
  examine(client: PrivateClient, packet: Connect, replacesOne: boolean): void {
    const { rules, limits, identify } = this.options;
    const identity = packet.clientId ? identify(packet.clientId) : null;
    const clients = this.count - (replacesOne ? 1 : 0);
    const will = packet.will ? messageOf(packet.will as WirePacket) : null;
    const id = packet.clientId ?? '';
    const newSession = packet.clean === false && !this.#kept.has(id);
    const caller = { identity, keepalive: packet.keepalive ?? 0, will, newSession };
    const turned =
      idProblem(id, packet.clean !== false) ??
      turnAway({ rules, limits, clients, sessions: this.#kept.size }, caller);
    if (packet.clean !== false) this.#kept.delete(id);
    else if (!turned) this.#kept.set(id, !newSession);
    this.#sessions.set(client, { identity, turned, silent: false });
  }

  /** Whether a client, there since its last CONNECT, had a session before that. */
  resumes(clientId: string): boolean {
    return this.#kept.get(clientId) ?? false;
  }

  /** Why a client is not let in, reported; null where it is, and has claimed its name. */
  receive(client: PrivateClient): Turned | null {
    const session = this.#sessions.get(client);
    const turned = session?.turned ?? this.#claim(client, session?.identity ?? null);
    if (turned) this.options.report(turned, client);
    else {
      this.#present.set(client.conn, client);
      client.conn.once('close', () => this.#present.delete(client.conn));
    }
    return turned;
  }

  fellSilent(client: PrivateClient): void {
    const session = this.#sessions.get(client);
    if (session) session.silent = true;
  }

  wasSilent(client: PrivateClient): boolean {
    return this.#sessions.get(client)?.silent ?? false;
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
      const reason = `another live node is named ${identity.name}`;
      return { code: 'name-taken', reason, returnCode: CONNACK.identifierRejected };
    }
    client.conn.once('close', () => claims.end(identity.name, holder));
    return null;
  }
}
