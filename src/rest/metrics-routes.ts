/** `/metrics`: for Prometheus and the like. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { METRICS_TYPE, type Metric, metricsText } from './metrics.js';
import { ProblemSchema } from './problems.js';

export interface MetricsPorts {
  readonly metrics: () => readonly Metric[];
}

const described = {
  tags: ['health'],
  summary: 'What came about, as Prometheus reads it',
  response: {
    200: { description: 'text exposition format', content: { 'text/plain': { schema: { type: 'string' } } } },
    default: ProblemSchema,
  },
};

export const metricsRoutes =
  ({ metrics }: MetricsPorts): FastifyPluginAsyncTypebox =>
  async app => {
    app.get('/metrics', { schema: described }, async (_request, reply) =>
      reply.type(METRICS_TYPE).serializer(String).send(metricsText(metrics())),
    );
  };
