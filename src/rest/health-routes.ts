/** `/healthz` and `/readyz`: the node itself. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import * as Type from 'typebox';

export interface Readiness {
  readonly ready: boolean;
  /** Null on a root. A relay whose uplink is lost still controls its subtree: it stays ready, and says so. */
  readonly uplink: string | null;
}

export const healthRoutes =
  (readiness: () => Readiness): FastifyPluginAsyncTypebox =>
  async app => {
    const tags = ['health'];
    const uplink = Type.Union([Type.String(), Type.Null()]);
    const ok = Type.Object({ status: Type.String() });
    const ready = Type.Object({ status: Type.String(), uplink });
    app.get(
      '/healthz',
      { schema: { tags, summary: 'The process answers', response: { 200: ok } } },
      async () => ({
        status: 'ok',
      }),
    );
    app.get(
      '/readyz',
      { schema: { tags, summary: 'The node does its work', response: { 200: ready, 503: ready } } },
      async (_request, reply) => {
        const now = readiness();
        return reply
          .code(now.ready ? 200 : 503)
          .send({ status: now.ready ? 'ready' : 'starting', uplink: now.uplink });
      },
    );
  };
