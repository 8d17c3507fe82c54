/** `/logs`: a snapshot or a live stream of what a target, or a node itself, has said. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import * as Type from 'typebox';
import { LOG_STREAMS } from '../core/log-lines.js';
import type { Tally } from '../core/tally.js';
import type { LogHub } from '../streams/port.js';
import { nameOf } from './caller.js';
import { checkedPath } from './checked-path.js';
import { endWhen } from './end-when.js';
import { sendLog } from './log-answer.js';
import { LOG_TYPES, logAsked } from './log-asked.js';
import { encoderOf } from './log-format.js';
import { readLog } from './log-reading.js';
import { ProblemSchema } from './problems.js';
import { Viewers } from './viewers.js';
import type { Views } from './views.js';

export interface LogPorts {
  readonly views: Views;
  readonly logs: LogHub;
  /** Followers at once, and as many snapshots; each holds a connection, and up to a line of 16 MiB. */
  readonly streams: number;
  readonly limits: Tally;
  readonly log: { error(fields: object, message: string): void };
}

const text = (description: string) => Type.Optional(Type.String({ description }));
const flag = (description: string) => Type.Optional(Type.Boolean({ description }));
const whole = (description: string) => Type.Optional(Type.Integer({ minimum: 0, description }));
const TIME = 'ms since the Unix epoch, an ISO 8601 time, or an age such as 10m';

/** For the description; they are checked where MQTT and the command line have theirs checked too. */
const Query = Type.Object({
  tail: whole('the last so many lines of those that the rest lets pass'),
  after: whole('only lines of a higher seq'),
  since: text(TIME),
  until: text(`${TIME}; not with follow`),
  stream: Type.Optional(Type.Enum(LOG_STREAMS)),
  grep: text('a regular expression'),
  fixed: flag('grep is taken letter by letter'),
  follow: flag('and what is written from then on, as server-sent events'),
  self: flag('the log of the node itself instead of its target’s'),
  wait: flag(
    'where the node is not known or cannot be reached, until it is; one that is forgotten ends it all the same',
  ),
});
const LineSchema = Type.Object(
  {
    seq: Type.Integer({ description: 'rises by one per line' }),
    ts: Type.Integer({ description: 'ms since the Unix epoch' }),
    stream: Type.Enum(LOG_STREAMS),
    line: Type.String({ description: 'what is not UTF-8 in it is replaced by U+FFFD' }),
  },
  { $id: 'LogLine', description: 'or {"gap":{"from","to","reason"}}: lines that are missing' },
);
const content = {
  [LOG_TYPES.ndjson]: { schema: LineSchema },
  [LOG_TYPES.text]: { schema: Type.String() },
  [LOG_TYPES.sse]: {
    schema: Type.String({
      description: 'events log, gap and problem; the id is the seq of its last line, for Last-Event-ID',
    }),
  },
};
const described = {
  tags: ['logs'],
  summary: 'The log of a leaf: a snapshot, or with follow a live stream',
  querystring: Query,
  response: { 200: { description: 'an object a line, or text, or events', content }, default: ProblemSchema },
};

export const logRoutes =
  (ports: LogPorts): FastifyPluginAsyncTypebox =>
  async app => {
    const crossed = (): void => ports.limits.add('rest_streams');
    const [followers, readers] = [new Viewers(ports.streams, crossed), new Viewers(ports.streams, crossed)];
    app.addHook('preClose', async () => {
      await Promise.all([followers.close(), readers.close()]);
    });
    app.get(
      '/api/v1/logs/*',
      // A HEAD would never end; and what is asked for is not checked by the schema.
      { schema: described, exposeHeadRoute: false, validatorCompiler: () => () => true },
      async (request, reply) => {
        const path = checkedPath((request.params as { '*': string })['*']);
        const asked = logAsked(request.query as Record<string, unknown>, request.headers, Date.now());
        const epoch = (): number | null => ports.views.detail(path)?.epoch ?? null;
        const { principal, isStillKnown } = request.caller;
        await (asked.query.follow ? followers : readers).serve(nameOf(principal), async end => {
          const cut = end.signal;
          reply.raw.once('close', () => end.abort());
          endWhen(cut, end, isStillKnown);
          const { query, self, wait } = asked;
          const source = ports.logs.source(path, { ...(self && { self }), ...(wait && { wait }) });
          const parts = readLog(source, query, cut, asked.format === 'text');
          const failed = (error: unknown): void =>
            ports.log.error({ err: error, url: request.url }, 'request failed');
          await sendLog(reply, { parts, encoder: encoderOf(asked.format, epoch), asked, cut, failed });
        });
        return reply;
      },
    );
  };
