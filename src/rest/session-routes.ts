/** `/session`: login by cookie for pages, and who it is that asks. */
import type { TLSSocket } from 'node:tls';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import * as Type from 'typebox';
import type { Audit } from '../core/audit-entry.js';
import { CanopyError } from '../core/errors.js';
import { type Authenticator, isDenial, type Principal } from '../core/principal.js';
import { homeOf, nameOf } from './caller.js';
import { personOf } from './identify.js';
import { crossSite } from './origins.js';
import { ProblemSchema } from './problems.js';
import { type Sessions, setCookie } from './sessions.js';

export interface SessionPorts {
  readonly authenticator: Authenticator | null;
  readonly sessions: Sessions;
  readonly audit: Audit;
  readonly origins: readonly string[];
  /** Seconds. */
  readonly sessionTime: number;
}

const Login = Type.Object(
  { token: Type.String({ minLength: 1, maxLength: 512, description: 'as `canopy token create` prints it' }) },
  { additionalProperties: false },
);
const Who = Type.Object({
  name: Type.Union([Type.String(), Type.Null()], { description: 'null where nobody is asked who he is' }),
  role: Type.Enum(['viewer', 'operator', 'admin'] as const),
  under: Type.String({ description: "the top of what may be seen; '' is all" }),
});
const answers = { 200: Who, default: ProblemSchema };

export const sessionRoutes =
  (ports: SessionPorts): FastifyPluginAsyncTypebox =>
  async app => {
    const { authenticator, sessions, audit, sessionTime } = ports;
    const tags = ['session'];
    const url = '/api/v1/session';
    const note = (by: string, address: string, op: string, code?: string): void =>
      audit.note({
        ...{ by, address, via: 'rest', path: null, op },
        outcome: code === undefined ? 'succeeded' : 'refused',
        ...(code !== undefined && { code }),
      });
    app.get(url, { schema: { tags, summary: 'Who it is that asks', response: answers } }, async request =>
      inWords(request.caller.principal),
    );
    app.post(
      url,
      { schema: { tags, summary: 'Log in: the answer sets a cookie', body: Login, response: answers } },
      async (request, reply) => {
        const { address } = request.caller;
        if (authenticator === null)
          throw new CanopyError('bad-request', 'expected auth=required for a login, found none');
        const strange = siteProblem(request, ports.origins);
        if (strange) throw strange;
        const who = await personOf(authenticator, address, request.body.token);
        if (isDenial(who)) {
          note('', address, 'login', who.code);
          if (who.code === 'slow-down') reply.header('retry-after', '10');
          else reply.header('www-authenticate', 'Bearer realm="canopy", error="invalid_token"');
          throw new CanopyError(who.code, who.reason);
        }
        const name = nameOf(who) ?? '';
        const id = sessions.begin(name, request.body.token);
        note(name, address, 'login');
        reply.header('set-cookie', setCookie(id, isEncrypted(request), sessionTime));
        return inWords(who);
      },
    );
    app.delete(
      url,
      { schema: { tags, summary: 'Log out', response: { default: ProblemSchema } } },
      async (request, reply) => {
        const { session, principal, address } = request.caller;
        if (session !== null && sessions.end(session)) note(nameOf(principal) ?? '', address, 'logout');
        return reply
          .header('set-cookie', setCookie(null, isEncrypted(request), 0))
          .code(204)
          .send(undefined as never);
      },
    );
  };

const isEncrypted = ({ socket }: FastifyRequest): boolean => (socket as TLSSocket).encrypted === true;

/** A page of another origin could log its visitor in as somebody else. One that is no browser says no Origin. */
function siteProblem(request: FastifyRequest, origins: readonly string[]): CanopyError | null {
  const { origin, host } = request.headers;
  if (origin === undefined) return null;
  const encrypted = isEncrypted(request);
  return crossSite({ method: 'POST', encrypted, host, origin, fetchSite: undefined }, origins);
}

const inWords = (principal: Principal) => ({
  name: nameOf(principal),
  role: principal.kind === 'person' ? principal.role : ('admin' as const),
  under: homeOf(principal),
});
