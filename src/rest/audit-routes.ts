/** `/audit`: who did what, newest first. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import * as Type from 'typebox';
import { isWithin } from '../access/paths.js';
import type { AuditPage, AuditQuery } from '../audit/read.js';
import { AUDIT_OUTCOMES, type AuditEntry } from '../core/audit-entry.js';
import { timeOf } from '../core/log-query.js';
import { homeOf } from './caller.js';
import { checkedPath } from './checked-path.js';
import { ProblemSchema } from './problems.js';

export interface AuditPorts {
  readonly readAudit: (query: AuditQuery, visible: (entry: AuditEntry) => boolean) => Promise<AuditPage>;
}

const MOST = 1000;
const Query = Type.Object(
  {
    since: Type.Optional(
      Type.String({ description: 'ms since the Unix epoch, an ISO 8601 time, or an age such as 10m' }),
    ),
    by: Type.Optional(Type.String()),
    path: Type.Optional(Type.String({ description: 'that node and all below it' })),
    op: Type.Optional(Type.String()),
    outcome: Type.Optional(Type.Enum(AUDIT_OUTCOMES)),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MOST, default: 100 })),
    cursor: Type.Optional(Type.String({ description: 'nextCursor of the page before' })),
  },
  { additionalProperties: false },
);
const EntrySchema = Type.Object(
  {
    ts: Type.Integer({ description: 'ms since the Unix epoch' }),
    by: Type.String({ description: 'who it was, as far as that was proven or said' }),
    address: Type.String(),
    via: Type.String({ description: 'mqtt, rest, link (the parent, or the node itself) or local' }),
    path: Type.Union([Type.String(), Type.Null()]),
    op: Type.String({ description: 'a command, login, logout, request, publish, client, token create, …' }),
    outcome: Type.Enum(AUDIT_OUTCOMES),
    code: Type.Optional(Type.String()),
    id: Type.Optional(Type.String({ description: 'of the command' })),
    about: Type.Optional(Type.String({ description: 'the token or certificate' })),
    unwritten: Type.Optional(Type.Integer({ description: 'so many alike were counted only' })),
  },
  { $id: 'AuditEntry' },
);
const PageSchema = Type.Object({
  entries: Type.Array(EntrySchema),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
});

export const auditRoutes =
  ({ readAudit }: AuditPorts): FastifyPluginAsyncTypebox =>
  async app => {
    const schema = { tags: ['admin'], summary: 'Who did what, newest first' };
    app.get(
      '/api/v1/audit',
      { schema: { ...schema, querystring: Query, response: { 200: PageSchema, default: ProblemSchema } } },
      async request => {
        const { since, path, limit = 100, ...rest } = request.query;
        const home = homeOf(request.caller.principal);
        const asked = {
          ...rest,
          limit,
          ...(path !== undefined && { path: checkedPath(path) }),
          ...(since !== undefined && { since: timeOf('since', since, Date.now()) }),
        };
        // What is about no node, such as a login, is for those who may see all.
        return readAudit(asked, entry => home === '' || (entry.path !== null && isWithin(entry.path, home)));
      },
    );
  };
