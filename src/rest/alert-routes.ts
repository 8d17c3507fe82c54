/** `/alerts`: what is open, and that somebody has seen it. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import * as Type from 'typebox';
import { isWithin } from '../access/paths.js';
import { ALERT_STATUSES, type Alert } from '../core/alert.js';
import type { Audit } from '../core/audit-entry.js';
import { CanopyError } from '../core/errors.js';
import { KINDS } from '../core/facts.js';
import { homeOf, nameOf } from './caller.js';
import { judge } from './judge.js';
import { codeOf, ProblemSchema } from './problems.js';

/** What has fallen due at this node and is not over. */
export interface AlertDesk {
  list(): Alert[];
  /** The alert, once that is on disk; null where there is none of that id. */
  ack(id: string, by: string): Promise<Alert | null>;
}

export interface AlertPorts {
  readonly alerts: AlertDesk;
  readonly audit: Audit;
}

const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const millis = (description: string) =>
  Type.Integer({ description: `${description}, ms since the Unix epoch` });

const AlertSchema = Type.Object(
  {
    id: Type.String({ description: 'the same at every node that can know of it' }),
    rule: Type.String(),
    severity: Type.String(),
    status: Type.Enum(ALERT_STATUSES),
    path: Type.String(),
    kind: nullable(Type.Enum(KINDS)),
    app: nullable(Type.String()),
    cause: nullable(Type.String()),
    reason: nullable(Type.String()),
    hidden: Type.Integer({ description: 'nodes that cannot be seen for it' }),
    since: millis('when it became so'),
    dueAt: millis('when it fell due'),
    toldAt: millis('when it was last told'),
    reminders: Type.Integer(),
    acked: nullable(Type.Object({ by: Type.String(), at: millis('when') })),
    told: Type.Enum(['here', 'above'] as const, {
      description: 'who tells of it: a relay leaves that to its parent while it is connected',
    }),
    to: Type.Array(Type.String(), { description: 'names of receivers' }),
  },
  { $id: 'Alert' },
);
type AlertView = Type.Static<typeof AlertSchema>;

const view = ({ owner, to, ...alert }: Alert): AlertView => ({
  ...alert,
  to: [...to],
  told: owner === 'us' ? 'here' : 'above',
});

export const alertRoutes =
  ({ alerts, audit }: AlertPorts): FastifyPluginAsyncTypebox =>
  async app => {
    const tags = ['alerts'];
    const listing = Type.Object({ alerts: Type.Array(AlertSchema) });
    app.get(
      '/api/v1/alerts',
      { schema: { tags, summary: 'What is open', response: { 200: listing, default: ProblemSchema } } },
      async request => {
        const home = homeOf(request.caller.principal);
        return {
          alerts: alerts
            .list()
            .filter(({ path }) => isWithin(path, home))
            .map(view),
        };
      },
    );
    app.post(
      '/api/v1/alerts/:id/ack',
      {
        schema: {
          tags,
          summary: 'Say that it has been seen: no more reminders',
          response: { 200: AlertSchema, default: ProblemSchema },
        },
      },
      async request => {
        const { id } = request.params as { id: string };
        const { principal, address } = request.caller;
        const by = nameOf(principal) ?? 'rest';
        const found = alerts.list().find(alert => alert.id === id);
        const note = {
          by,
          address,
          via: 'rest',
          path: found?.path ?? null,
          op: 'ack',
          about: id.slice(0, 64),
        } as const;
        try {
          if (!found) throw noAlert(id);
          const refusal = judge(principal, 'command', found.path, 'ack');
          // What is beside his subtree is not said to exist.
          if (refusal) throw refusal.code === 'not-found' ? noAlert(id) : refusal;
          const acked = await alerts.ack(id, by);
          if (!acked) throw noAlert(id);
          audit.note({ ...note, outcome: 'succeeded' });
          return view(acked);
        } catch (error) {
          audit.note({ ...note, outcome: 'refused', code: codeOf(error) });
          throw error;
        }
      },
    );
  };

const noAlert = (id: string): CanopyError =>
  new CanopyError('not-found', `there is no open alert ${JSON.stringify(id.slice(0, 64))} here`);
