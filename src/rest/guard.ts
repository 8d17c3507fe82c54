/** What stands before every route: which site asks, how often, who it is, and whether it may. */
import type { TLSSocket } from 'node:tls';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Audit } from '../core/audit-entry.js';
import { Buckets } from '../core/buckets.js';
import type { Clock } from '../core/clock.js';
import { CanopyError } from '../core/errors.js';
import type { Authenticator } from '../core/principal.js';
import { addressKey, plainAddress } from '../core/remote-address.js';
import type { Tally } from '../core/tally.js';
import { nameOf } from './caller.js';
import { type Identified, isChallenge, whoIs } from './identify.js';
import { judge } from './judge.js';
import { NEEDS, type Row, rowOf } from './needs.js';
import { type Asked, corsHeaders, crossSite, rebound } from './origins.js';
import type { Sessions } from './sessions.js';

export interface GuardPorts {
  /** Null: nobody is asked who he is. */
  readonly authenticator: Authenticator | null;
  readonly sessions: Sessions;
  readonly audit: Audit;
  readonly clock: Clock;
  /** Origins that may use REST from a browser. */
  readonly origins: readonly string[];
  /** Requests in a second, of an address and of a token. */
  readonly rate: number;
  /** Only this machine reaches the listener. */
  readonly isLoopback: boolean;
  readonly limits: Tally;
}

/** Seconds of the rate that may come at once. */
const BURST_S = 10;
/** Seconds that one is told to wait who has failed too often. */
const FAILED_S = 10;

export function useGuard(app: FastifyInstance, ports: GuardPorts): void {
  const guard = new Guard(ports);
  app.decorateRequest('caller', null as never);
  app.addHook('onRoute', ({ method, url }) => {
    const served = [method].flat().map(each => `${each === 'HEAD' ? 'GET' : each} ${url}`);
    const open = served.find(each => !Object.hasOwn(NEEDS, each));
    if (open !== undefined) throw new Error(`nothing says what ${open} needs`);
  });
  app.addHook('onRequest', (request, reply) => guard.admit(request, reply));
  app.addHook('preHandler', async request => guard.authorise(request));
}

class Guard {
  private readonly addresses: Buckets;
  private readonly tokens: Buckets;

  constructor(private readonly ports: GuardPorts) {
    const rate = { burst: ports.rate * BURST_S, perSecond: ports.rate };
    this.addresses = new Buckets(rate, () => ports.clock.mono());
    this.tokens = new Buckets(rate, () => ports.clock.mono());
  }

  async admit(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { origins, authenticator, isLoopback } = this.ports;
    const asked = askedBy(request);
    // On the answer itself: that of a log is written past fastify.
    for (const [name, value] of Object.entries(corsHeaders(asked, origins))) reply.raw.setHeader(name, value);
    const address = plainAddress(request.socket.remoteAddress);
    this.slowDown(this.addresses, addressKey(address), reply);
    if (asked.method === 'OPTIONS' && asked.origin !== undefined && origins.includes(asked.origin))
      return reply.code(204).send();
    const isOpen = authenticator === null && isLoopback;
    const wrong = isOpen ? rebound(asked.host, origins) : null;
    if (wrong) throw wrong;
    const row = rowFor(request);
    if (row.need === 'nothing') {
      request.caller = anonymous(address);
      return;
    }
    const who = await whoIs(this.ports, request, address, asked.encrypted);
    request.caller = this.known(who, asked, address, reply);
    const name = nameOf(request.caller.principal);
    if (name !== null) this.slowDown(this.tokens, name, reply);
  }

  authorise(request: FastifyRequest): void {
    const row = rowFor(request);
    if (!row.at) return;
    const path = row.at(request);
    const op = row.op?.(request) ?? `${request.method} ${request.routeOptions.url}`;
    const why = judge(request.caller.principal, row.need, path, op);
    if (why === null) return;
    const { principal, address } = request.caller;
    const by = nameOf(principal) ?? '';
    this.ports.audit.note({ by, address, via: 'rest', path, op, outcome: 'refused', code: why.code });
    throw why;
  }

  private known(who: Identified, asked: Asked, address: string, reply: FastifyReply) {
    if (isChallenge(who)) {
      const { code, message, isShown } = who;
      this.ports.audit.note({
        by: '',
        address,
        via: 'rest',
        path: null,
        op: 'request',
        outcome: 'refused',
        code,
      });
      if (code === 'slow-down') reply.header('retry-after', String(FAILED_S));
      // RFC 6750, section 3.1: no error where nothing was shown.
      else
        reply.header('www-authenticate', `Bearer realm="canopy"${isShown ? ', error="invalid_token"' : ''}`);
      throw new CanopyError(code, message);
    }
    const wrong = who.session === null ? null : crossSite(asked, this.ports.origins);
    if (wrong) {
      const by = nameOf(who.principal) ?? '';
      const op = asked.method;
      this.ports.audit.note({
        by,
        address,
        via: 'rest',
        path: null,
        op,
        outcome: 'refused',
        code: wrong.code,
      });
      throw wrong;
    }
    return who;
  }

  private slowDown(buckets: Buckets, key: string, reply: FastifyReply): void {
    const seconds = buckets.take(key);
    if (seconds === null) return;
    this.ports.limits.add('rest_rate');
    reply.header('retry-after', String(Math.max(1, Math.ceil(seconds))));
    throw new CanopyError('slow-down', `expected at most ${this.ports.rate} requests a second (rest_rate)`);
  }
}

/** What is no route is told to nobody who is not known. */
function rowFor(request: FastifyRequest): Row {
  const { url } = request.routeOptions;
  return (url !== undefined && rowOf(request.method, url)) || { need: 'known' };
}

const anonymous = (address: string) => ({
  principal: { kind: 'anyone' } as const,
  address,
  session: null,
  isStillKnown: async () => true,
});

function askedBy({ method, headers, socket }: FastifyRequest): Asked {
  const { host, origin } = headers;
  const fetchSite = headers['sec-fetch-site'];
  return {
    method,
    encrypted: (socket as TLSSocket).encrypted === true,
    host,
    origin,
    fetchSite: typeof fetchSite === 'string' ? fetchSite : undefined,
  };
}
