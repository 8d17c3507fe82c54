/** What each command means to a leaf: checked first, then carried out by the supervisor. */
import { CanopyError } from '../core/errors.js';
import type { Desired } from '../core/facts.js';
import type { TargetModel } from '../core/phases.js';
import { signalOf } from '../node/leaf-commands.js';
import { onlyArguments, type Plan } from '../node/responder.js';
import { LATER_OPS, LEAF_OPS, NODE_OPS } from '../protocol/commands.js';
import type { Command } from '../protocol/payloads.js';
import type { DesiredState } from './desired.js';
import type { Supervisor } from './supervisor.js';

type Data = Record<string, unknown>;

export function leafPlan(supervisor: Supervisor, desired: DesiredState, maintain: Plan): Plan {
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
        return meaning(desired, 'running', () => start(supervisor, byOf(command)));
      case 'stop':
        onlyArguments(command, []);
        return meaning(desired, 'stopped', () => stop(supervisor, byOf(command)));
      case 'restart':
        onlyArguments(command, []);
        return meaning(desired, 'running', () => restart(supervisor, byOf(command)));
      case 'signal':
        return signal(supervisor, command);
      case 'maintenance':
        return maintain(command);
      default:
        throw unknownOp(command.op, LEAF_OPS);
    }
  };
}

export function unknownOp(op: string, known: readonly string[]): CanopyError {
  const takes = `this node takes ${known.join(', ')}`;
  if ((LATER_OPS as readonly string[]).includes(op))
    return new CanopyError('unsupported-op', `"${op}" is not supported by this version; ${takes}`);
  return (NODE_OPS as readonly string[]).includes(op)
    ? new CanopyError('unsupported-op', `"${op}" is for a relay or the root; ${takes}`)
    : new CanopyError('unknown-op', `there is no command "${op}"; ${takes}`);
}

/** What the operator means to be the case from now on is written down before it is done. */
const meaning =
  (desired: DesiredState, state: Desired, run: () => Promise<Data>): (() => Promise<Data>) =>
  () => {
    desired.set(state);
    return run();
  };

const byOf = (command: Command): string => command.by ?? 'command';

async function start(supervisor: Supervisor, by: string): Promise<Data> {
  if (supervisor.model.phase === 'running') return { pid: supervisor.model.pid, unchanged: true };
  const before = lastRun(supervisor.model);
  supervisor.dispatch({ type: 'start', by });
  return running(supervisor, before);
}

async function restart(supervisor: Supervisor, by: string): Promise<Data> {
  const { pid } = supervisor.model;
  const before = lastRun(supervisor.model);
  supervisor.dispatch({ type: 'restart', by });
  return { ...(await running(supervisor, before)), previousPid: pid };
}

/** The run that whoever asks for a new one has had: one that is only just being started is new to him. */
const lastRun = ({ phase, generation }: TargetModel): number =>
  phase === 'starting' ? generation - 1 : generation;

async function stop(supervisor: Supervisor, by: string): Promise<Data> {
  supervisor.dispatch({ type: 'stop', by });
  const end = await supervisor.when(model => settledStop(model));
  if (end instanceof CanopyError) throw end;
  return end;
}

const settledStop = (model: TargetModel): Data | CanopyError | null => {
  if (model.phase === 'stopped') return { exitCode: model.exitCode, signal: model.signal };
  return model.phase === 'stopping' && model.after !== 'start'
    ? null
    : new CanopyError('superseded', 'a later command started the target again');
};

/** Waits for a run younger than `generation`. */
async function running(supervisor: Supervisor, generation: number): Promise<Data> {
  const end = await supervisor.when(model => settledStart(model, generation));
  if (end instanceof CanopyError) throw end;
  return end;
}

const settledStart = (model: TargetModel, generation: number): Data | CanopyError | null => {
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
