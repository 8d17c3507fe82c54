/** What the owner of a leaf's machine lets be done there, whoever asks for it. Pure. */
import { CanopyError } from './errors.js';
import { isLeafOp, LEAF_OPS, type LeafOp } from './ops.js';

/** Null: everything. */
export type Allowance = ReadonlySet<LeafOp> | null;

/** In a setting: nothing at all. */
export const NOTHING = 'none';

/** `start,stop,logs`; null for what is no list of operations. */
export function parseAllowance(text: string): ReadonlySet<LeafOp> | null {
  const words = text.split(/[\s,]+/).filter(Boolean);
  if (words.length === 1 && words[0] === NOTHING) return new Set();
  if (words.length === 0 || !words.every(isLeafOp)) return null;
  // Whoever may begin to follow may end it.
  return new Set<LeafOp>(words.includes('follow') ? [...words, 'unfollow'] : words);
}

/** Throws `not-allowed`; an operation that does not exist is for others to refuse. */
export function checkAllowed(allowance: Allowance, op: string): void {
  if (allowance === null || !isLeafOp(op) || allowance.has(op)) return;
  throw notAllowed(`"${op}"`, allowance);
}

/** The same for a log that is read by its neighbour: whoever may follow it may begin with what is stored. */
export function checkMayRead(allowance: Allowance, follow: boolean): void {
  if (allowance === null || allowance.has('follow') || (!follow && allowance.has('logs'))) return;
  throw notAllowed(follow ? '"follow"' : '"logs"', allowance);
}

function notAllowed(what: string, allowance: ReadonlySet<LeafOp>): CanopyError {
  const allowed = LEAF_OPS.filter(op => allowance.has(op)).join(', ') || 'nothing';
  return new CanopyError(
    'not-allowed',
    `the owner of this machine does not allow ${what} here; CANOPY_ALLOW has ${allowed}`,
  );
}
