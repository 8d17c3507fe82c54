/** `/commands`: sending one, and asking what became of it. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import * as Type from 'typebox';
import { mayRead } from '../access/paths.js';
import type { Audit } from '../core/audit-entry.js';
import { CanopyError } from '../core/errors.js';
import { type Command, CommandFields, ResultSchema } from '../protocol/payloads.js';
import type { Desk, Tracked } from '../tree/desk.js';
import type { Caller } from './caller.js';
import { checkedPath } from './checked-path.js';
import { codeOf, ProblemSchema } from './problems.js';
import { type SendingPorts, signed } from './sending.js';

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

export interface CommandPorts extends SendingPorts {
  readonly desk: Desk;
  /** What became of a command to this node itself, by its id. */
  readonly recall: (id: string) => Tracked | null;
  readonly audit: Audit;
}

export const commandRoutes =
  (ports: CommandPorts): FastifyPluginAsyncTypebox =>
  async app => {
    const { desk, recall } = ports;
    const tags = ['commands'];
    app.post(
      '/api/v1/commands',
      {
        schema: { tags, summary: 'Send a command', body: Body, querystring: Query, response: answers },
      },
      async (request, reply) => {
        const { path, ...fields } = request.body;
        const command = signed(request.caller, fields);
        const sent = send(ports, checkedPath(path), command, request.caller);
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
        if (!found || !mayRead(request.caller.principal, found.path))
          throw new CanopyError('not-found', `there is no command ${JSON.stringify(id.slice(0, 128))} here`);
        return reply.send(found);
      },
    );
  };

/** Throws `not-found`, `node-unreachable`, `id-in-use`. */
function send(
  { desk, sending, audit }: CommandPorts,
  path: string,
  command: Command,
  caller: Caller,
): Tracked {
  const other = desk.get(command.id);
  // What somebody else has sent elsewhere is not told to who may not see it.
  if (other && !mayRead(caller.principal, other.path))
    throw new CanopyError('id-in-use', `the id ${command.id} is that of another command`);
  sending(command, caller);
  try {
    return desk.send(path, command);
  } catch (error) {
    const { op, id, by = '' } = command;
    const note = { by, address: caller.address, via: 'rest', path, op, id } as const;
    audit.note({ ...note, outcome: 'refused', code: codeOf(error) });
    throw error;
  }
}

function answer(reply: FastifyReply, result: Tracked | null) {
  if (!result) throw new CanopyError('not-found', 'the command was pushed out by newer ones');
  reply.header('location', `/api/v1/commands/${encodeURIComponent(result.id)}`);
  return reply.code(result.done ? 200 : 202).send(result);
}
