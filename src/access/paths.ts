/** What people may do with nodes, by role and subtree: what REST asks. Pure. */
import type { PersonRole, Principal } from '../core/principal.js';

const RANKS: Readonly<Record<PersonRole, number>> = { viewer: 0, operator: 1, admin: 2 };
/** Commands that take more than a command's role. */
const ADMIN_OPS: ReadonlySet<string> = new Set(['forget']);

/** Whether a path is that of a subtree's top node, or below it; '' is everything. */
export const isWithin = (path: string, under: string): boolean =>
  under === '' || path === under || path.startsWith(`${under}/`);

/** See a node: its state, events, results and logs. */
export const mayRead = (principal: Principal, path: string): boolean => ranks(principal, 'viewer', path);

/** Send a node a command; with a select, it concerns what is below that node. */
export const mayCommand = (principal: Principal, path: string, op: string): boolean =>
  ranks(principal, ADMIN_OPS.has(op) ? 'admin' : 'operator', path);

/** Forget nodes, enrol some, give out and take back tokens. */
export const mayAdminister = (principal: Principal, path: string): boolean => ranks(principal, 'admin', path);

/** Nodes have nothing to ask for this way. */
function ranks(principal: Principal, role: PersonRole, path: string): boolean {
  if (principal.kind === 'anyone') return true;
  return (
    principal.kind === 'person' && RANKS[principal.role] >= RANKS[role] && isWithin(path, principal.under)
  );
}
