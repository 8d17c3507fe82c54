/** `/availability`: how much of the time a node, or an app, was there. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import * as Type from 'typebox';
import type { Clock } from '../core/clock.js';
import { type Span, TIME_KINDS } from '../core/timeline.js';
import { type Availability, together } from '../history/availability.js';
import type { History } from '../history/history.js';
import { homeOf } from './caller.js';
import { checkedPath } from './checked-path.js';
import { AvailabilityQuery, windowOf, within } from './event-asked.js';
import { nowhere } from './judge.js';
import { ProblemSchema } from './problems.js';

const nullable = (description: string) => Type.Union([Type.Number(), Type.Null()], { description });
const seconds = 'seconds';
const Fields = {
  availability: nullable('up / (up + down), 0 to 1; null where it was neither'),
  times: Type.Object(
    Object.fromEntries(TIME_KINDS.map(kind => [kind, Type.Number({ description: seconds })])),
    {
      description:
        'but for degraded, which is part of up, they add up to the window (of an app: to that of each leaf)',
    },
  ),
  failures: Type.Integer({ description: 'times that it became down by itself' }),
  restarts: Type.Integer({ description: 'times that its target was started again' }),
  mttr: nullable('seconds from down to up, on average'),
  mtbf: nullable('seconds up for each failure'),
};
const Place = { path: Type.String(), app: Type.Union([Type.String(), Type.Null()]) };
const NodeSchema = Type.Object({ ...Place, ...Fields }, { $id: 'Availability' });
const AnswerSchema = Type.Object({
  ...Place,
  since: Type.Integer(),
  until: Type.Integer(),
  ...Fields,
  nodes: Type.Optional(
    Type.Array(NodeSchema, { description: 'of the leaves, where they are asked for together' }),
  ),
});

export interface AvailabilityPorts {
  readonly history: History;
  readonly clock: Clock;
}

export const availabilityRoutes =
  ({ history, clock }: AvailabilityPorts): FastifyPluginAsyncTypebox =>
  async app => {
    const schema = {
      tags: ['history'],
      querystring: AvailabilityQuery,
      response: { 200: AnswerSchema, default: ProblemSchema },
    };
    const leaves = async (path: string, name: string | null, window: Span) => {
      const nodes = await history.availability(within(history.leaves(name), path), window);
      const all = { path, app: name, since: window.from, until: window.to, ...view(together(nodes)) };
      return {
        ...all,
        nodes: nodes.map(node => ({ path: node.path, app: node.app, ...view(node) })),
      } as never;
    };
    app.get(
      '/api/v1/availability',
      { schema: { ...schema, summary: 'How available all leaves are, or those of an app' } },
      async request => {
        const { app: name = null } = request.query;
        return leaves(homeOf(request.caller.principal), name, windowOf(request.query, clock.now()));
      },
    );
    app.get(
      '/api/v1/availability/*',
      { schema: { ...schema, summary: 'How available a node is, or an app below it' } },
      async request => {
        const path = checkedPath((request.params as { '*': string })['*']);
        const window = windowOf(request.query, clock.now());
        if (request.query.app !== undefined) return leaves(path, request.query.app, window);
        if (!history.knows(path)) throw nowhere(path);
        const [node] = await history.availability([path], window);
        const found = node ?? together([]);
        return {
          path,
          app: node?.app ?? null,
          since: window.from,
          until: window.to,
          ...view(found),
        } as never;
      },
    );
  };

function view({ availability, times, failures, restarts, repairs }: Availability) {
  const inSeconds = Object.fromEntries(TIME_KINDS.map(kind => [kind, times[kind] / 1000]));
  const up = (times.up + times.degraded) / 1000;
  const sum = repairs.reduce((total, each) => total + each, 0) / 1000;
  return {
    availability,
    times: { ...inSeconds, up },
    failures,
    restarts,
    mttr: repairs.length === 0 ? null : sum / repairs.length,
    mtbf: failures === 0 ? null : up / failures,
  };
}
