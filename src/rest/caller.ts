/** Who asks by REST. */
import type { Principal } from '../core/principal.js';

export interface Caller {
  readonly principal: Principal;
  readonly address: string;
  /** The id of the session whose cookie it was; null for a bearer, and for anyone. */
  readonly session: string | null;
  /** Whether it would be let in now: a token may be revoked, or end, while an answer still comes. */
  readonly isStillKnown: () => Promise<boolean>;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller;
  }
}

/** The top of what a caller may see: lists are narrowed to it. */
export const homeOf = (principal: Principal): string => (principal.kind === 'person' ? principal.under : '');

/** The name that stands for a caller; null where nobody was asked for one. */
export const nameOf = (principal: Principal): string | null =>
  principal.kind === 'anyone' ? null : principal.name;
