/** What each route needs of whoever asks. The one table: a route that is not in it is not served. */
import type { FastifyRequest } from 'fastify';
import { homeOf } from './caller.js';
import { checkedPath } from './checked-path.js';

/** `nothing`: not asked who it is; `known`: any token, and the route narrows what it shows. The others are about a path. */
export type Need = 'nothing' | 'known' | 'read' | 'command' | 'administer';

export interface Row {
  readonly need: Need;
  /** The path that it is about; may throw `bad-path`. */
  readonly at?: (request: FastifyRequest) => string;
  /** As the audit log calls it. */
  readonly op?: (request: FastifyRequest) => string;
}

const own = (): string => '';
/** The top of what the caller may see: with more than that as what a token may do, it may do it there. */
const home = (request: FastifyRequest): string => homeOf(request.caller.principal);
const wildcard = (request: FastifyRequest): string => checkedPath((request.params as { '*': string })['*']);
const inQuery = (request: FastifyRequest): string => {
  const { path } = request.query as { path?: string };
  return path === undefined ? home(request) : checkedPath(path);
};
const inBody = (request: FastifyRequest): string => checkedPath((request.body as { path: string }).path);
const opInBody = (request: FastifyRequest): string => String((request.body as { op?: unknown })?.op);
const op = (name: string) => () => name;

/** By method and URL as the router has it. */
export const NEEDS: Readonly<Record<string, Row>> = {
  'GET /healthz': { need: 'nothing' },
  'GET /readyz': { need: 'nothing' },
  'GET /openapi.json': { need: 'nothing' },
  'POST /api/v1/session': { need: 'nothing' },
  'GET /api/v1/session': { need: 'known' },
  'DELETE /api/v1/session': { need: 'known' },
  'GET /api/v1/tree': { need: 'known' },
  'GET /api/v1/nodes': { need: 'known' },
  'GET /api/v1/nodes/*': { need: 'read', at: wildcard },
  'DELETE /api/v1/nodes/*': { need: 'administer', at: wildcard, op: op('forget') },
  'GET /api/v1/logs/*': { need: 'read', at: wildcard },
  'GET /api/v1/events': { need: 'known' },
  'GET /api/v1/incidents': { need: 'known' },
  'GET /api/v1/availability': { need: 'known' },
  'GET /api/v1/availability/*': { need: 'read', at: wildcard },
  'POST /api/v1/commands': { need: 'command', at: inBody, op: opInBody },
  'GET /api/v1/commands/:id': { need: 'known' },
  'GET /api/v1/orders': { need: 'read', at: inQuery },
  'DELETE /api/v1/orders/:app': { need: 'command', at: inQuery, op: op('unkeep') },
  'GET /api/v1/audit': { need: 'administer', at: home },
  'GET /api/v1/tokens': { need: 'administer', at: home },
  'POST /api/v1/tokens': { need: 'administer', at: home, op: op('token create') },
  'DELETE /api/v1/tokens/:id': { need: 'administer', at: home, op: op('token revoke') },
  'POST /api/v1/enrolments': { need: 'administer', at: home, op: op('enrol') },
  'GET /metrics': { need: 'read', at: own },
};

/** A HEAD is the GET without its body. */
export const rowOf = (method: string, url: string): Row | undefined =>
  NEEDS[`${method === 'HEAD' ? 'GET' : method} ${url}`];
