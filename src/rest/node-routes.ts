/** `/tree` and `/nodes`: what is known of the nodes, and forgetting one that is gone. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import * as Type from 'typebox';
import type { Audit } from '../core/audit-entry.js';
import { CanopyError } from '../core/errors.js';
import { KINDS, STATUSES } from '../core/facts.js';
import { pathProblem } from '../core/names.js';
import { homeOf, nameOf } from './caller.js';
import { checkedPath } from './checked-path.js';
import { nowhere } from './judge.js';
import { codeOf, ProblemSchema } from './problems.js';
import { NodeDetailSchema, NodeSchema, type NodeView, type Views } from './views.js';

export interface NodePorts {
  readonly views: Views;
  /** Forgets a node that is gone, everywhere that can be reached. */
  readonly forget: (path: string, by: string) => Promise<void>;
  readonly audit: Audit;
}

const PAGE = 10_000;

const Query = Type.Object(
  {
    status: Type.Optional(Type.Enum(STATUSES)),
    kind: Type.Optional(Type.Enum(KINDS)),
    app: Type.Optional(Type.String()),
    under: Type.Optional(Type.String({ description: 'a path: that node and all below it' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE, default: PAGE })),
    cursor: Type.Optional(Type.String({ description: 'nextCursor of the page before' })),
  },
  { additionalProperties: false },
);
type Filter = Type.Static<typeof Query>;

const ListSchema = Type.Object({
  nodes: Type.Array(NodeSchema),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
});

export const nodeRoutes =
  ({ views, forget, audit }: NodePorts): FastifyPluginAsyncTypebox =>
  async app => {
    const tags = ['nodes'];
    const described = { response: { 200: {}, default: ProblemSchema } };
    const whole = 'The tree, nested: all that may be seen of it';
    app.get('/api/v1/tree', { schema: { tags, summary: whole, ...described } }, async request => {
      const home = homeOf(request.caller.principal);
      const found = views.tree(home);
      if (!found) throw nowhere(home);
      return found;
    });
    app.get(
      '/api/v1/nodes',
      {
        schema: {
          tags,
          summary: 'A flat list',
          querystring: Query,
          response: { 200: ListSchema, default: ProblemSchema },
        },
      },
      async request => page(views.list(homeOf(request.caller.principal)), request.query),
    );
    const one = { tags, summary: 'One node, its newest heartbeat included' };
    app.get(
      '/api/v1/nodes/*',
      { schema: { ...one, response: { 200: NodeDetailSchema, default: ProblemSchema } } },
      async request => {
        const path = checkedPath(wildcard(request.params));
        const found = views.detail(path);
        if (!found) throw nowhere(path);
        return found;
      },
    );
    app.delete(
      '/api/v1/nodes/*',
      { schema: { tags, summary: 'Forget a node that is gone' } },
      async (request, reply) => {
        const path = checkedPath(wildcard(request.params));
        const { principal, address } = request.caller;
        const by = nameOf(principal) ?? 'rest';
        const note = { by, address, via: 'rest', path, op: 'forget' } as const;
        await forget(path, by).catch(error => {
          audit.note({ ...note, outcome: 'failed', code: codeOf(error) });
          throw error;
        });
        audit.note({ ...note, outcome: 'succeeded' });
        return reply.code(204).send();
      },
    );
  };

const wildcard = (params: unknown): string => (params as { '*': string })['*'];

export function page(
  nodes: readonly NodeView[],
  filter: Filter,
): { nodes: NodeView[]; nextCursor: string | null } {
  const { status, kind, app, limit = PAGE } = filter;
  const after = filter.cursor === undefined ? null : cursorPath(filter.cursor);
  const under = filter.under === undefined ? '' : checkedPath(filter.under);
  const matching = nodes.filter(
    node =>
      (after === null || node.path > after) &&
      (status === undefined || node.status === status) &&
      (kind === undefined || node.kind === kind) &&
      (app === undefined || node.app === app) &&
      (under === '' || node.path === under || node.path.startsWith(`${under}/`)),
  );
  const found = matching.slice(0, limit);
  const last = matching.length > limit ? found.at(-1) : undefined;
  return { nodes: found, nextCursor: last ? cursorOf(last.path) : null };
}

/** A path behind a slash: the node that answers has the empty one. */
const cursorOf = (path: string): string => Buffer.from(`/${path}`).toString('base64url');

function cursorPath(cursor: string): string {
  const path = Buffer.from(cursor, 'base64url').toString('utf8').slice(1);
  if (cursorOf(path) === cursor && pathProblem(path) === null) return path;
  const found = JSON.stringify(cursor.slice(0, 100));
  throw new CanopyError('bad-request', `cursor: expected the nextCursor of an earlier page, found ${found}`);
}
