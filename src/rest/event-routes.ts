/** `/events` and `/incidents`: what happened, and what happens. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import * as Type from 'typebox';
import type { Clock } from '../core/clock.js';
import type { Tally } from '../core/tally.js';
import type { History } from '../history/history.js';
import { preferred } from './accept.js';
import { homeOf, nameOf } from './caller.js';
import { endWhen } from './end-when.js';
import { EventQuery, filterOf, IncidentQuery, numberOf } from './event-asked.js';
import { eventStream, type ServerEvent } from './event-stream.js';
import { entryView } from './event-views.js';
import { withPauses } from './pauses.js';
import { ProblemSchema } from './problems.js';
import { Viewers } from './viewers.js';
import type { Views } from './views.js';

export interface EventPorts {
  readonly history: History;
  readonly views: Views;
  readonly streams: number;
  readonly limits: Tally;
  readonly clock: Clock;
  readonly log: { error(fields: object, message: string): void };
}

/** Milliseconds without an event after which something is sent all the same. */
const PAUSE_MS = 15_000;
const RETRY_MS = 1000;
const SSE = 'text/event-stream';
const JSON_TYPE = 'application/json';

const EventSchema = Type.Object(
  { id: Type.Integer(), type: Type.String(), at: Type.Integer(), path: Type.String() },
  {
    $id: 'Event',
    description: 'and what its type has: a state or evt as by MQTT, an incident, …',
    additionalProperties: true,
  },
);
const PageSchema = Type.Object({
  events: Type.Array(EventSchema),
  nextCursor: Type.Union([Type.String(), Type.Null()], {
    description: 'a page may be short where more is to come',
  }),
  lastId: Type.Integer({ description: 'Last-Event-ID with which a stream goes on after what is known now' }),
  kept: Type.Enum(['disk', 'memory'] as const, {
    description: 'memory: its store cannot be used now; what is in memory only ends with the process',
  }),
});
const content = {
  [JSON_TYPE]: { schema: PageSchema },
  [SSE]: {
    schema: Type.String({ description: 'state, evt and gap; how each node is comes first, without an id' }),
  },
};

export const eventRoutes =
  ({ history, views, streams, limits, clock, log }: EventPorts): FastifyPluginAsyncTypebox =>
  async app => {
    const viewers = new Viewers(streams, () => limits.add('rest_streams'), 'streams of events');
    app.addHook('preClose', () => viewers.close());
    const summary = 'What happened; as text/event-stream how things are, and what happens from then on';
    const answers = { 200: { description: 'a page, or events', content }, default: ProblemSchema };
    app.get(
      '/api/v1/events',
      {
        schema: { tags: ['history'], summary, querystring: EventQuery, response: answers },
        exposeHeadRoute: false,
      },
      async (request, reply) => {
        const { order = 'newest', limit = 100, cursor, ...rest } = request.query as EventQuery;
        const { principal, isStillKnown } = request.caller;
        const filter = filterOf(rest, homeOf(principal), clock.now());
        if (preferred(request.headers.accept, [JSON_TYPE, SSE]) !== SSE) {
          const at = cursor === undefined ? null : numberOf('cursor', cursor);
          const { entries, next, last } = await history.page({ filter, order, limit, cursor: at });
          const kept = history.store.ledger.isOnDisk ? 'disk' : 'memory';
          return {
            events: entries.map(entryView),
            nextCursor: next === null ? null : String(next),
            lastId: last,
            kept,
          } as never;
        }
        const given = [request.headers['last-event-id']].flat().join('');
        const last = given === '' ? null : numberOf('last-event-id', given);
        await viewers.serve(nameOf(principal), async end => {
          reply.raw.once('close', () => end.abort());
          endWhen(end.signal, end, isStillKnown);
          const nodes = () => views.list(filter.home);
          await send(reply, eventStream({ store: history.store, nodes }, filter, last, end.signal), error =>
            log.error({ err: error, url: request.url }, 'request failed'),
          );
        });
        return reply;
      },
    );
    const incidents = Type.Object({
      incidents: Type.Array(Type.Object({}, { $id: 'Incident', additionalProperties: true })),
    });
    app.get(
      '/api/v1/incidents',
      {
        schema: {
          tags: ['history'],
          summary: 'Outages: those that last, then those that are over, newest first',
          querystring: IncidentQuery,
          response: { 200: incidents, default: ProblemSchema },
        },
      },
      async request => {
        const { limit = 100, ...rest } = request.query;
        const filter = filterOf(rest, homeOf(request.caller.principal), clock.now());
        return { incidents: (await history.incidents(filter, limit)) as object[] };
      },
    );
  };

/** `failed`: told of what is nobody's fault but ours. */
async function send(
  reply: FastifyReply,
  events: AsyncIterable<ServerEvent>,
  failed: (error: unknown) => void,
): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, {
    'content-type': SSE,
    'cache-control': 'no-store, no-transform',
    vary: 'accept',
    'x-accel-buffering': 'no',
  });
  raw.flushHeaders();
  try {
    await pipeline(Readable.from(encoded(events), { highWaterMark: 1 }), raw);
  } catch (error) {
    if (!raw.destroyed) failed(error);
    raw.destroy();
  }
}

async function* encoded(events: AsyncIterable<ServerEvent>): AsyncGenerator<string> {
  yield `retry: ${RETRY_MS}\n\n`;
  for await (const told of withPauses(events, PAUSE_MS, PAUSE_MS))
    yield told === null ? ':\n\n' : textOf(told);
}

function textOf({ id, event, data }: ServerEvent): string {
  const head = `${id === undefined ? '' : `id: ${id}\n`}`;
  return event === undefined ? `${head}\n` : `${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
