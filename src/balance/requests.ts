/** What the commands of balancing ask for, checked: every refusal names what was expected and what was found. */

import { MOST_INSTANCES } from '../core/app-capacity.js';
import { type Arguments, flag, onlyKnown, seconds, whole, word, wrong } from '../core/arguments.js';
import { CanopyError } from '../core/errors.js';
import { isLabel } from '../core/labels.js';
import type { Select } from '../core/selection.js';
import { STRATEGIES, type Strategy } from './choose.js';
import type { MoveRules } from './moves.js';
import { SURPLUS_RULES, type SurplusRule } from './standing-order.js';
import type { Service } from './units.js';

export interface Asked {
  readonly op: string;
  readonly args?: Arguments;
  readonly select?: Select;
  readonly pick?: 'all' | number;
  readonly strategy?: string;
}

export interface ScaleRequest extends Service {
  readonly count: number;
  readonly strategy: Strategy;
  readonly dryRun: boolean;
  /** Milliseconds that each instance has to be ready. */
  readonly timeoutMs: number;
  readonly keep: { readonly lostAfter: number; readonly surplus: SurplusRule } | null;
  /** Of a `scale` above: gives way to a standing order of the node that gets it. */
  readonly share: boolean;
}

export interface RebalanceRequest extends Service {
  readonly rules: MoveRules;
  readonly dryRun: boolean;
  readonly timeoutMs: number;
}

const LONGEST_S = 86_400;
const READY_S = 60;
const LOST_AFTER_S = 30;

/** Throws `bad-argument`, as all of these do. */
export function scaleOf(asked: Asked): ScaleRequest {
  const args = onlyKnown(asked.op, asked.args ?? {}, [
    'count',
    'dryRun',
    'timeout',
    'keep',
    'lostAfter',
    'surplus',
    'share',
  ]);
  const [keep, share] = [flag('keep', args.keep), flag('share', args.share)];
  if (keep && share)
    throw new CanopyError('bad-argument', 'share: expected without keep=true, found with it');
  if (!keep && (args.lostAfter !== undefined || args.surplus !== undefined))
    throw new CanopyError(
      'bad-argument',
      'lostAfter and surplus: expected only with keep=true, found without',
    );
  return {
    ...serviceOf(asked),
    count: whole('count', args.count, 0, MOST_INSTANCES),
    strategy: strategyOf(asked.strategy),
    dryRun: flag('dryRun', args.dryRun),
    timeoutMs: seconds('timeout', args.timeout ?? READY_S, LONGEST_S) * 1000,
    keep: keep
      ? {
          lostAfter: seconds('lostAfter', args.lostAfter ?? LOST_AFTER_S, LONGEST_S),
          surplus: word('surplus', args.surplus ?? 'original', SURPLUS_RULES),
        }
      : null,
    share,
  };
}

export function rebalanceOf(asked: Asked): RebalanceRequest {
  const args = onlyKnown(asked.op, asked.args ?? {}, ['maxMoves', 'hysteresis', 'dryRun', 'timeout']);
  if (asked.strategy !== undefined)
    throw wrong('strategy', 'none, rebalance has one of its own', asked.strategy);
  const { hysteresis = 0.2 } = args;
  if (!(typeof hysteresis === 'number' && hysteresis >= 0 && hysteresis <= 1))
    throw wrong('hysteresis', 'a difference of loads from 0 to 1', hysteresis);
  return {
    ...serviceOf(asked),
    rules: { maxMoves: whole('maxMoves', args.maxMoves ?? 5, 1, 1000), hysteresis },
    dryRun: flag('dryRun', args.dryRun),
    timeoutMs: seconds('timeout', args.timeout ?? READY_S, LONGEST_S) * 1000,
  };
}

/** `app`, and `label` where only some of its slots are meant; anything else has no meaning for a whole service. */
export function serviceOf({ op, select = {}, pick }: Asked): Service {
  const { app, label } = select;
  if (app === undefined || app === '') throw wrong('app', `app=NAME with ${op}`, app);
  if (select.all !== undefined || select.path !== undefined)
    throw new CanopyError(
      'bad-argument',
      `${op} takes app and label; to confine it to a subtree, send it to the node at the top of that`,
    );
  if (pick !== undefined) throw wrong('pick', `none with ${op}`, pick);
  if (label !== undefined && !isLabel(label)) throw wrong('label', 'key=value', label);
  return { app, ...(label !== undefined && { label }) };
}

export function strategyOf(given: string | undefined): Strategy {
  return word('strategy', given ?? 'least-loaded', STRATEGIES);
}
