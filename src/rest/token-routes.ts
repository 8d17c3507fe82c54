/** `/tokens` and `/enrolments`: for admins, each within its subtree. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Static } from 'typebox';
import * as Type from 'typebox';
import { isWithin, mayAdminister } from '../access/paths.js';
import type { Audit } from '../core/audit-entry.js';
import { CanopyError } from '../core/errors.js';
import { isName, NAME_RULE } from '../core/names.js';
import type { Principal } from '../core/principal.js';
import { type Caller, homeOf, nameOf } from './caller.js';
import { checkedPath } from './checked-path.js';
import { judge } from './judge.js';
import { ProblemSchema } from './problems.js';

const ROLES = ['viewer', 'operator', 'admin'] as const;
const KINDS = ['leaf', 'relay'] as const;
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const ends = (fallback: string) =>
  Type.Optional(
    Type.Number({ exclusiveMinimum: 0, maximum: 3.2e8, description: `seconds until it ends; ${fallback}` }),
  );

export const TokenSchema = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    role: Type.Enum(ROLES),
    under: Type.String({ description: "the top of what it is good for; '' is all" }),
    createdAt: Type.Integer({ description: 'ms since the Unix epoch' }),
    expiresAt: nullable(Type.Integer({ description: 'ms since the Unix epoch' })),
    revokedAt: Type.Optional(Type.Integer({ description: 'ms since the Unix epoch' })),
  },
  { $id: 'Token' },
);
export type TokenView = Static<typeof TokenSchema>;

/** Who gives out secrets: helper of the routes, done in src/identity. */
export interface Office {
  tokens(): Promise<readonly TokenView[]>;
  /** Throws `name-in-use`. `expiresAt`: ms since the epoch. */
  createToken(
    wanted: Pick<TokenView, 'name' | 'role' | 'under' | 'expiresAt'>,
  ): Promise<{ readonly text: string; readonly token: TokenView }>;
  revokeToken(id: string): Promise<void>;
  /** `url`: of a listener of this broker, as the child reaches it; left out, one that it can reach is taken. */
  enrol(wanted: {
    name: string;
    is: (typeof KINDS)[number];
    expiresAt: number;
    url?: string;
  }): Promise<string>;
}

export interface TokenPorts {
  readonly office: Office;
  readonly audit: Audit;
}

const NewToken = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 64,
      description: 'stands for it as `by` and in the audit log',
    }),
    role: Type.Enum(ROLES),
    under: Type.Optional(Type.String({ description: "left out, the caller's own" })),
    expiresIn: ends('left out, never'),
  },
  { additionalProperties: false },
);
const Enrolment = Type.Object(
  {
    name: Type.String({ description: 'of the node right below this one' }),
    kind: Type.Optional(Type.Enum(KINDS, { default: 'relay' })),
    expiresIn: ends('3600 where left out'),
    url: Type.Optional(
      Type.String({ description: 'where the child reaches this broker, such as mqtts://host:8883' }),
    ),
  },
  { additionalProperties: false },
);
const Made = Type.Intersect([
  TokenSchema,
  Type.Object({ token: Type.String({ description: 'shown this once' }) }),
]);
const Joining = Type.Object({
  name: Type.String(),
  kind: Type.Enum(KINDS),
  expiresAt: Type.Integer({ description: 'ms since the Unix epoch' }),
  token: Type.String({ description: 'for `canopy join`, good for one time; shown this once' }),
});
const JOIN_S = 3600;

export const tokenRoutes =
  ({ office, audit }: TokenPorts): FastifyPluginAsyncTypebox =>
  async app => {
    const tags = ['admin'];
    const note = ({ principal, address }: Caller, path: string, op: string, about: string): void =>
      audit.note({
        ...{ by: nameOf(principal) ?? 'anyone', address, via: 'rest', path, op },
        ...{ outcome: 'succeeded', about },
      });
    /** Those that the caller may know of: who may do more than he can, he can't see. */
    const visible = async ({ principal }: Caller): Promise<TokenView[]> =>
      (await office.tokens()).filter(({ under }) => isWithin(under, homeOf(principal)));

    app.get(
      '/api/v1/tokens',
      {
        schema: {
          tags,
          summary: 'The tokens, without their secrets',
          response: { 200: Type.Object({ tokens: Type.Array(TokenSchema) }), default: ProblemSchema },
        },
      },
      async ({ caller }) => ({ tokens: await visible(caller) }),
    );
    app.post(
      '/api/v1/tokens',
      {
        schema: {
          tags,
          summary: 'A new token, shown once',
          body: NewToken,
          response: { 201: Made, default: ProblemSchema },
        },
      },
      async ({ caller, body }, reply) => {
        const { name, role, expiresIn } = body;
        const under = body.under === undefined ? homeOf(caller.principal) : checkedPath(body.under);
        mustAdminister(caller.principal, under, 'token create');
        const expiresAt = expiresIn === undefined ? null : Math.round(Date.now() + expiresIn * 1000);
        const { text, token } = await office.createToken({ name, role, under, expiresAt });
        note(caller, under, 'token create', `${token.id} ${name} (${role})`);
        return reply.code(201).send({ ...token, token: text });
      },
    );
    app.delete(
      '/api/v1/tokens/:id',
      { schema: { tags, summary: 'Take a token back', response: { default: ProblemSchema } } },
      async ({ caller, params }, reply) => {
        const { id } = params as { id: string };
        const found = (await visible(caller)).find(token => token.id === id);
        if (!found)
          throw new CanopyError('not-found', `there is no token ${JSON.stringify(id.slice(0, 64))} here`);
        await office.revokeToken(id);
        note(caller, found.under, 'token revoke', `${id} ${found.name}`);
        return reply.code(204).send(undefined as never);
      },
    );
    app.post(
      '/api/v1/enrolments',
      {
        schema: {
          tags,
          summary: 'A join token for a new child, shown once',
          body: Enrolment,
          response: { 201: Joining, default: ProblemSchema },
        },
      },
      async ({ caller, body }, reply) => {
        const { name, kind = 'relay', expiresIn = JOIN_S, url } = body;
        if (!isName(name))
          throw new CanopyError(
            'bad-argument',
            `name: expected ${NAME_RULE}, found ${JSON.stringify(name.slice(0, 64))}`,
          );
        mustAdminister(caller.principal, name, 'enrol');
        // The certificate of the listeners is to cover its host: that concerns all who come in by it.
        if (url !== undefined) mustAdminister(caller.principal, '', 'enrol with a url of its own');
        const expiresAt = Math.round(Date.now() + expiresIn * 1000);
        const token = await office.enrol({ name, is: kind, expiresAt, ...(url !== undefined && { url }) });
        note(caller, name, 'enrol', kind);
        return reply.code(201).send({ name, kind, expiresAt, token });
      },
    );
  };

/** The path is only known from the body. */
function mustAdminister(principal: Principal, path: string, op: string): void {
  if (mayAdminister(principal, path)) return;
  throw judge(principal, 'administer', path, op);
}
