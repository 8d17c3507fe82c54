/** Whether a caller may do what a route is about, and how it is told that it may not. Pure. */
import { isWithin, mayAdminister, mayCommand, mayRead } from '../access/paths.js';
import { CanopyError } from '../core/errors.js';
import type { Principal } from '../core/principal.js';
import { homeOf } from './caller.js';
import type { Need } from './needs.js';

const ROLE_FOR = { read: 'viewer', command: 'operator', administer: 'admin' } as const;

/**
 * Null where it may. Beside its own subtree nothing is said to exist, decided by the path alone: a node that is there is answered
 * as one that is not. What is above is known to whoever has a token for what is below, and only refused.
 */
export function judge(principal: Principal, need: Need, path: string, op: string): CanopyError | null {
  if (need === 'nothing' || need === 'known' || may(principal, need, path, op)) return null;
  if (!mayRead(principal, path) && !isWithin(homeOf(principal), path)) return nowhere(path);
  const found =
    principal.kind === 'person' ? `${principal.role} under "${principal.under}"` : `a ${principal.kind}`;
  return new CanopyError(
    'not-authorized',
    `expected a token with the role ${ROLE_FOR[need]} or more for "${path}", found ${found}`,
  );
}

function may(principal: Principal, need: keyof typeof ROLE_FOR, path: string, op: string): boolean {
  if (need === 'read') return mayRead(principal, path);
  return need === 'command' ? mayCommand(principal, path, op) : mayAdminister(principal, path);
}

export const nowhere = (path: string): CanopyError =>
  new CanopyError('not-found', `there is no node "${path}" here`);
