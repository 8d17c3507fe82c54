/** A supervisor of a real process in a directory of its own; whatever it started is ended after the test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock } from '../../../src/core/clock.js';
import type { Phase } from '../../../src/core/facts.js';
import type { TargetModel, TargetPolicy } from '../../../src/core/phases.js';
import { DesiredState } from '../../../src/leaf/desired.js';
import type { HealthSpec } from '../../../src/leaf/health.js';
import { leafPlan } from '../../../src/leaf/orders.js';
import { Supervisor } from '../../../src/leaf/supervisor.js';
import type { TargetOutput, TargetSpec } from '../../../src/leaf/target-spec.js';
import { MaintenanceState, maintenancePlan } from '../../../src/node/maintenance.js';
import type { Plan } from '../../../src/node/responder.js';
import { markedProcesses } from '../../../src/process/marked.js';
import { signalProcess } from '../../../src/process/signals.js';

/** Lives until it is told to end. */
export const STEADY = ['sleep', '3600'];
/** Ignores TERM, and so does what it becomes. */
export const STUBBORN = ['sh', '-c', 'trap "" TERM; echo ready; exec sleep 3600'];
export const shell = (script: string): string[] => ['sh', '-c', script];

export const POLICY: TargetPolicy = {
  restart: 'always',
  exitCodes: [0],
  startMs: 0,
  maxRestarts: 0,
  windowMs: 60_000,
  atLimit: 'delay',
  backoffMinMs: 20,
  backoffMaxMs: 40,
  settleMs: 60_000,
  graceMs: 10_000,
};

export const UNPROBED: HealthSpec = {
  policies: {},
  look: async () => ({ passed: true, found: 'not asked' }),
  limits: { warn: null, max: null },
  memoryMs: 1000,
};

const supervisors = new Set<Supervisor>();
process.on('exit', () => {
  for (const supervisor of supervisors) supervisor.signal('SIGKILL');
});
process.once('SIGTERM', () => process.exit(1));
/** A test that is cut off leaves no target behind. */
export const endAtExit = (supervisor: Supervisor): unknown => supervisors.add(supervisor);

export interface Supervised {
  readonly supervisor: Supervisor;
  /** Every phase it went through, in order. */
  readonly phases: Phase[];
  readonly pids: number[];
  readonly spec: FiledSpec;
  reaches(phase: Phase): Promise<TargetModel>;
  dispatch(type: 'start' | 'stop' | 'restart'): void;
}

/** Keeps all of it in one file. */
export interface FiledSpec extends TargetSpec {
  readonly outputFile: string;
}

const oneFile = (file: string): TargetOutput => ({
  outputs: () => ({ stdout: file, stderr: file }),
  began: () => {},
  longest: 1_000_000,
  ended: () => {},
});

export const targetSpec = (dir: string, words: string[], policy: Partial<TargetPolicy> = {}): FiledSpec => ({
  words,
  ground: () => ({ env: process.env }),
  dataDir: dir,
  mark: basename(dir),
  fresh: false,
  outputFile: join(dir, 'target.log'),
  output: oneFile(join(dir, 'target.log')),
  stopSignal: 'SIGTERM',
  policy: { ...POLICY, ...policy },
});

export async function supervise(
  t: TestContext,
  words: string[],
  policy: Partial<TargetPolicy> = {},
  changed: (now: TargetModel, before: TargetModel) => void = () => {},
): Promise<Supervised> {
  const dir = await mkdtemp(join(tmpdir(), 'canopy-leaf-'));
  const spec = targetSpec(dir, words, policy);
  const phases: Phase[] = [];
  const pids: number[] = [];
  const supervisor = new Supervisor(spec, systemClock);
  supervisor.onChange((now, before) => {
    if (now.phase !== before.phase) phases.push(now.phase);
    if (now.pid !== null && now.pid !== before.pid) pids.push(now.pid);
    changed(now, before);
  });
  endAtExit(supervisor);
  t.after(async () => {
    supervisor.dispatch({ type: 'stop', by: 'the test' });
    supervisor.signal('SIGKILL');
    await supervisor.when(model => (model.phase === 'stopped' ? true : null));
    for (const pid of markedProcesses(spec.mark) ?? []) signalProcess(pid, 'SIGKILL');
    await supervisor.close();
    // A wrapper whose target could not be started writes its last word at its own pace.
    await rm(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 20 });
  });
  return {
    supervisor,
    phases,
    pids,
    spec,
    reaches: phase => supervisor.when(model => (model.phase === phase ? model : null)),
    dispatch: type => supervisor.dispatch({ type, by: 'ops' }),
  };
}

/** What a leaf of this data directory makes of a command. */
export function planFor(supervisor: Supervisor, dataDir: string): Plan {
  const maintenance = new MaintenanceState(dataDir, systemClock);
  const logs: Plan = command => async () => ({ logs: command.op });
  return leafPlan(supervisor, new DesiredState(dataDir), {
    maintain: maintenancePlan(maintenance, systemClock),
    logs,
  });
}
