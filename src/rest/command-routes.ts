/** `/commands`: sending one, and asking what became of it. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import Type from 'typebox';
import { CanopyError } from '../core/errors.js';
import { asCommand } from '../protocol/commands.js';
import { CommandFields, ResultSchema } from '../protocol/payloads.js';
import type { Desk, Tracked } from '../tree/desk.js';
import { checkedPath } from './node-routes.js';
import { ProblemSchema } from './problems.js';

const Body = Type.Object(
  {
    v: Type.Optional(Type.Literal(1)),
    path: Type.String({ description: "the node to command; '' is this one" }),
    ...CommandFields,
  },
  { additionalProperties: false },
);
const Query = Type.Object(
  {
    wait: Type.Optional(
      Type.Number({ minimum: 0, maximum: 60, description: 'seconds to wait for the final result' }),
    ),
  },
  { additionalProperties: false },
);
const tracked = (description: string) =>
  Type.Intersect([ResultSchema, Type.Object({ path: Type.String() })], { description });
const answers = {
  200: tracked('What became of it, once it is over: one that was rejected or failed says so in its `status`'),
  202: tracked('On its way, and not over yet; `Location` has where to ask'),
  default: ProblemSchema,
};

export const commandRoutes =
  (desk: Desk, recall: (id: string) => Tracked | null): FastifyPluginAsyncTypebox =>
  async app => {
    const tags = ['commands'];
    app.post(
      '/api/v1/commands',
      {
        schema: { tags, summary: 'Send a command', body: Body, querystring: Query, response: answers },
      },
      async (request, reply) => {
        const { path, ...fields } = request.body;
        const command = asCommand({ by: 'rest', ...fields });
        const sent = desk.send(checkedPath(path), command);
        const { wait = 0 } = request.query;
        return answer(reply, wait > 0 ? await desk.wait(command.id, wait * 1000) : sent);
      },
    );
    app.get(
      '/api/v1/commands/:id',
      {
        schema: {
          tags,
          summary: 'What became of a command',
          response: {
            200: tracked('Its latest stage, the last one where it is over'),
            default: ProblemSchema,
          },
        },
      },
      async (request, reply) => {
        const { id } = request.params as { id: string };
        const found = desk.get(id) ?? recall(id);
        if (!found)
          throw new CanopyError('not-found', `there is no command ${JSON.stringify(id.slice(0, 128))} here`);
        return reply.send(found);
      },
    );
  };

function answer(reply: FastifyReply, result: Tracked | null) {
  if (!result) throw new CanopyError('not-found', 'the command was pushed out by newer ones');
  reply.header('location', `/api/v1/commands/${encodeURIComponent(result.id)}`);
  return reply.code(result.done ? 200 : 202).send(result);
}
