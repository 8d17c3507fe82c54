/** What each command means to a leaf: checked first, then carried out by the supervisor. */
import { CanopyError } from '../core/errors.js';
import type { Desired } from '../core/facts.js';
import type { TargetModel } from '../core/phases.js';
import type { Turn } from '../core/turns.js';
import { signalOf } from '../node/leaf-commands.js';
import { onlyArguments, type Plan, type Progress, type Run } from '../node/responder.js';
import { LEAF_OPS, NODE_OPS } from '../protocol/commands.js';
import type { Command } from '../protocol/payloads.js';
import type { DesiredState } from './desired.js';
import { telling } from './progress.js';
import type { Supervisor } from './supervisor.js';

type Data = Record<string, unknown>;

const TURNS: Readonly<Record<string, Turn>> = {
  start: 'replaceable',
  restart: 'replaceable',
  stop: 'overtaking',
  signal: 'in-turn',
};
/** What acts on the target takes its turn; what only asks does not wait for it. */
export const leafTurn = (op: string): Turn => TURNS[op] ?? 'at-once';

/** What is not about the target. */
export interface LeafPlans {
  readonly maintain: Plan;
  /** Of `logs`, `follow` and `unfollow`. */
  readonly logs: Plan;
}

export function leafPlan(supervisor: Supervisor, desired: DesiredState, plans: LeafPlans): Plan {
  return command => {
    if (command.select !== undefined || command.pick !== undefined) {
      throw new CanopyError(
        'bad-argument',
        'a leaf has nothing below it to select from; send it to a relay or the root',
      );
    }
    switch (command.op) {
      case 'ping':
        onlyArguments(command, []);
        return async () => ({ phase: supervisor.model.phase, pid: supervisor.model.pid });
      case 'start':
        onlyArguments(command, []);
        return meaning(desired, 'running', start(supervisor, byOf(command)));
      case 'stop':
        onlyArguments(command, []);
        return meaning(desired, 'stopped', stop(supervisor, byOf(command)));
      case 'restart':
        onlyArguments(command, []);
        return meaning(desired, 'running', restart(supervisor, byOf(command)));
      case 'signal':
        return signal(supervisor, command);
      case 'maintenance':
        return plans.maintain(command);
      case 'logs':
      case 'follow':
      case 'unfollow':
        return plans.logs(command);
      default:
        throw unknownOp(command.op, LEAF_OPS);
    }
  };
}

export function unknownOp(op: string, known: readonly string[]): CanopyError {
  const takes = `this node takes ${known.join(', ')}`;
  return (NODE_OPS as readonly string[]).includes(op)
    ? new CanopyError('unsupported-op', `"${op}" is for a relay or the root; ${takes}`)
    : new CanopyError('unknown-op', `there is no command "${op}"; ${takes}`);
}

/** What the operator means to be the case from now on is written down before it is done. */
const meaning =
  (desired: DesiredState, state: Desired, act: Act): Run =>
  (progress, cut) => {
    desired.set(state);
    return act(progress, cut);
  };
type Act = (progress: Progress, cut?: AbortSignal) => Promise<Data>;

const byOf = (command: Command): string => command.by ?? 'command';

const start =
  (supervisor: Supervisor, by: string): Act =>
  async (progress, cut) => {
    if (supervisor.model.phase === 'running') return { pid: supervisor.model.pid, unchanged: true };
    const before = lastRun(supervisor.model);
    supervisor.dispatch({ type: 'start', by });
    return telling(supervisor, progress, running(supervisor, before, cut));
  };

const restart =
  (supervisor: Supervisor, by: string): Act =>
  async (progress, cut) => {
    const { pid } = supervisor.model;
    const before = lastRun(supervisor.model);
    supervisor.dispatch({ type: 'restart', by });
    const again = await telling(supervisor, progress, running(supervisor, before, cut));
    return { ...again, previousPid: pid };
  };

/** The run that whoever asks for a new one has had: one that is only just being started is new to him. */
const lastRun = ({ phase, generation }: TargetModel): number =>
  phase === 'starting' ? generation - 1 : generation;

const stop =
  (supervisor: Supervisor, by: string): Act =>
  async progress => {
    supervisor.dispatch({ type: 'stop', by });
    const end = await telling(supervisor, progress, supervisor.when(settledStop));
    if (end instanceof CanopyError) throw end;
    return end;
  };

const settledStop = (model: TargetModel): Data | CanopyError | null => {
  if (model.phase === 'stopped') return { exitCode: model.exitCode, signal: model.signal };
  return model.phase === 'stopping' && model.after !== 'start'
    ? null
    : new CanopyError('superseded', 'a later command started the target again');
};

/** Waits for a run younger than `generation`. */
async function running(supervisor: Supervisor, generation: number, cut?: AbortSignal): Promise<Data> {
  const end = await supervisor.when(model => settledStart(model, generation), cut);
  if (end instanceof CanopyError) throw end;
  return end;
}

export const settledStart = (model: TargetModel, generation: number): Data | CanopyError | null => {
  if (model.phase === 'stopped' || (model.phase === 'stopping' && model.after !== 'start'))
    return new CanopyError('superseded', 'a later command stopped the target');
  const ours = model.generation > generation;
  if (model.phase === 'running' && ours) return { pid: model.pid };
  return ours && (model.phase === 'backoff' || model.phase === 'failed' || model.phase === 'exited')
    ? new CanopyError('spawn-failed', model.reason)
    : null;
};

function signal(supervisor: Supervisor, command: Command): ReturnType<Plan> {
  const name = signalOf(command);
  return async () => {
    if (!supervisor.signal(name))
      throw new CanopyError('not-running', `the target is ${supervisor.model.phase}`);
    return { signal: name, pid: supervisor.model.pid };
  };
}
