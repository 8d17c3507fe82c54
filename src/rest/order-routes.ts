/** `/orders`: the standing orders of a node, listed and taken back. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import * as Type from 'typebox';
import { CanopyError, type ErrorCode } from '../core/errors.js';
import type { Command } from '../protocol/payloads.js';
import type { Desk } from '../tree/desk.js';
import { type Caller, homeOf } from './caller.js';
import { checkedPath } from './checked-path.js';
import { ProblemSchema } from './problems.js';
import { type SendingPorts, signed } from './sending.js';

export interface OrderPorts extends SendingPorts {
  readonly desk: Desk;
}

/** Milliseconds that a node may take to answer. */
const ANSWER_MS = 5000;

const path = Type.Optional(
  Type.String({ description: 'the node whose orders are meant; left out, the top of what may be seen' }),
);
const Listing = Type.Object({ path }, { additionalProperties: false });
const Removal = Type.Object(
  {
    path,
    label: Type.Optional(Type.String({ description: 'where the order is for some of the slots only' })),
  },
  { additionalProperties: false },
);
const OrderSchema = Type.Object({
  app: Type.String(),
  label: Type.Optional(Type.String()),
  count: Type.Integer(),
  running: Type.Integer(),
  missing: Type.Integer(),
  strategy: Type.String(),
  lostAfter: Type.Number({ description: 'seconds' }),
  surplus: Type.String({ description: 'which one stays when a lost one is back' }),
  by: Type.String(),
  since: Type.Integer({ description: 'ms since the Unix epoch' }),
  replacements: Type.Array(Type.String()),
  atOdds: Type.Optional(
    Type.Object(
      {
        reason: Type.String(),
        nextLookIn: Type.Integer({ description: 'seconds until it is looked at again' }),
      },
      { description: 'where another order, or a hand, undoes it each time' },
    ),
  ),
});
const answers = {
  200: Type.Object({ path: Type.String(), orders: Type.Array(OrderSchema) }),
  default: ProblemSchema,
};

export const orderRoutes =
  ({ desk, sending }: OrderPorts): FastifyPluginAsyncTypebox =>
  async app => {
    const tags = ['orders'];
    app.get(
      '/api/v1/orders',
      { schema: { tags, summary: 'The standing orders of a node', querystring: Listing, response: answers } },
      async request => {
        const at = placeOf(request.query.path, request.caller);
        const command = signed(request.caller, { op: 'orders' });
        sending(command, request.caller);
        const data = await ask(desk, at, command);
        return { path: at, orders: data.orders as Type.Static<typeof OrderSchema>[] };
      },
    );
    app.delete(
      '/api/v1/orders/:app',
      { schema: { tags, summary: 'Take a standing order back; what runs goes on', querystring: Removal } },
      async (request, reply) => {
        const { app: service } = request.params as { app: string };
        const { label } = request.query;
        const select = { app: service, ...(label !== undefined && { label }) };
        const command = signed(request.caller, { op: 'unkeep', select });
        sending(command, request.caller);
        await ask(desk, placeOf(request.query.path, request.caller), command);
        return reply.code(204).send();
      },
    );
  };

const placeOf = (path: string | undefined, { principal }: Caller): string =>
  path === undefined ? homeOf(principal) : checkedPath(path);

async function ask(desk: Desk, at: string, command: Command): Promise<Record<string, unknown>> {
  desk.send(at, command);
  const result = await desk.wait(command.id, ANSWER_MS);
  if (result?.status === 'succeeded') return result.data ?? {};
  const { code = 'no-result', message = `"${at}" did not answer within ${ANSWER_MS / 1000} s` } =
    result?.error ?? {};
  throw new CanopyError(code as ErrorCode, message);
}
