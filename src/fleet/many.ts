/** Carries a command out on many leaves below this node: resolved here, whatever is or is not above. */
import type { Strategy } from '../balance/choose.js';
import { isMeant } from '../balance/fitness.js';
import { picked } from '../balance/picks.js';
import { strategyOf } from '../balance/requests.js';
import { onlyKnown } from '../core/arguments.js';
import { CanopyError } from '../core/errors.js';
import type { NodeRecord } from '../core/node-record.js';
import { ROLLOUT_KEYS, rolloutOf } from '../core/rollout.js';
import { type Select, selected } from '../core/selection.js';
import { checkArguments } from '../node/leaf-commands.js';
import { FOLLOW_ARGUMENTS } from '../node/log-commands.js';
import type { Plan } from '../node/responder.js';
import { LEAF_OPS } from '../protocol/commands.js';
import type { Command } from '../protocol/payloads.js';
import type { Errands } from './errands.js';
import { ManyRun, RUNNING_ONLY } from './many-run.js';

/** The arguments of a leaf's command, beside those that say how it is carried out on many. */
const OWN_ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  signal: ['signal'],
  maintenance: ['mode', 'for', 'until'],
  follow: FOLLOW_ARGUMENTS,
};

/** Checks all of it before anything is done; what it returns carries it out. */
export const manyPlan =
  (errands: Errands): Plan =>
  command => {
    if (!(LEAF_OPS as readonly string[]).includes(command.op)) {
      throw new CanopyError(
        'unsupported-op',
        `"${command.op}" takes no select; with one: ${LEAF_OPS.join(', ')}`,
      );
    }
    // Its lines come on the `res` of each leaf, and nobody would be waiting there.
    if (command.op === 'logs')
      throw new CanopyError(
        'unsupported-op',
        '"logs" takes no select: address each leaf, or ask REST (GET /api/v1/logs/<path>)',
      );
    onlyKnown(command.op, command.args ?? {}, [...(OWN_ARGUMENTS[command.op] ?? []), ...ROLLOUT_KEYS]);
    const { rollout, rest } = rolloutOf(command.args ?? {});
    checkArguments({ ...command, args: rest }, errands.clock.now());
    const pick = pickOf(command);
    const fitting = leavesFor(errands, command, command.select ?? {});
    const choice = { op: command.op, mono: errands.now() };
    // What somebody else has just been told to do is not to be chosen for the same.
    const open = fitting.filter(({ path }) => errands.ordered(path) !== command.op);
    const leaves = pick === null ? fitting : picked(errands.registry, open, { ...choice, ...pick });
    const missing = pick === null ? 0 : pick.count - leaves.length;
    return progress =>
      new ManyRun(errands, { ...command, args: rest }, rollout, progress).all(leaves, missing);
  };

function leavesFor({ registry }: Errands, { op, pick }: Command, select: Select): NodeRecord[] {
  // Somebody may have left out, or misspelt, the very thing that would have spared the rest.
  if (pick !== undefined && Object.keys(select).length === 0) {
    const expected = 'it with a select (all, app=…, path=… or label=…)';
    throw new CanopyError('bad-argument', `pick: expected ${expected}, found pick=${pick} alone`);
  }
  const fitting = selected(registry, select);
  const leaves = RUNNING_ONLY.has(op) ? fitting.filter(isMeant) : fitting;
  if (leaves.length > 0) return leaves;
  const what =
    fitting.length > 0
      ? `none of the ${fitting.length} leaves that fit is meant to run`
      : 'no leaf here fits';
  throw new CanopyError('not-found', `${what}: ${JSON.stringify(select)}`);
}

/** Null: all of them. Throws `bad-argument`. */
function pickOf({ pick, strategy }: Command): { count: number; strategy: Strategy } | null {
  const by = strategyOf(strategy);
  if (pick !== undefined && pick !== 'all') return { count: pick, strategy: by };
  if (strategy === undefined) return null;
  throw new CanopyError('bad-argument', `strategy: expected it with pick=NUMBER, found ${strategy} alone`);
}
