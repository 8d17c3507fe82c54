import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { initialTarget, step, type TargetEvent, type TargetModel } from '../../../src/core/phases.js';
import type { RestartPolicy } from '../../../src/core/restart-policy.js';
import { POLICY } from './phase-support.js';

type Push =
  | 'start'
  | 'stop'
  | 'restart'
  | 'spawned'
  | 'spawn-failed'
  | 'clean'
  | 'crash'
  | 'killed'
  | 'timer'
  | 'adopted'
  | 'ended'
  | 'unhealthy';
const PUSHES: Push[] = [
  'start',
  'stop',
  'restart',
  'spawned',
  'spawn-failed',
  'clean',
  'crash',
  'killed',
  'timer',
  'adopted',
  'ended',
  'unhealthy',
];

/** A world in which processes and timers do only what they can: one that was not spawned does not exit. */
class World {
  model: TargetModel = initialTarget;
  process: 'none' | 'being spawned' | 'alive' = 'none';
  timer: 'backoff-over' | 'grace-over' | null = null;
  now = 0;
  private pids = 100;

  constructor(
    private readonly restart: RestartPolicy['restart'],
    private readonly atLimit: RestartPolicy['atLimit'],
  ) {}

  push(what: Push): void {
    const event = this.event(what);
    if (event === null) return;
    if (event.type === 'spawned' || event.type === 'adopted') this.process = 'alive';
    if (event.type === 'exited' || event.type === 'spawn-failed') this.process = 'none';
    if (what === 'timer') this.timer = null;
    const { model, effects } = step(this.model, event, {
      now: this.now,
      policy: { ...POLICY, restart: this.restart, startMs: 1000, maxRestarts: 3, atLimit: this.atLimit },
      jitter: (this.now % 10) / 10,
    });
    this.model = model;
    for (const effect of effects) {
      if (effect.type === 'timer') this.timer = effect.event;
      if (effect.type === 'cancel-timer') this.timer = null;
      if (effect.type === 'kill' || effect.type === 'signal-stop') assert.equal(this.process, 'alive');
      if (effect.type !== 'spawn') continue;
      assert.equal(this.process, 'none', 'two spawns without an end in between');
      this.process = 'being spawned';
    }
    this.check();
  }

  private event(what: Push): TargetEvent | null {
    if (what === 'start' || what === 'stop' || what === 'restart') return { type: what, by: 'ops' };
    if (what === 'timer') return this.timer && { type: this.timer };
    if (what === 'unhealthy') return { type: what, reason: 'no answer' };
    if (what === 'adopted' || what === 'ended') return this.found(what);
    if (what === 'spawned' || what === 'spawn-failed') {
      if (this.process !== 'being spawned') return null;
      return what === 'spawned' ? { type: what, pid: ++this.pids } : { type: what, message: 'cannot start' };
    }
    if (this.process !== 'alive') return null;
    const code = what === 'killed' ? null : what === 'clean' ? 0 : 1;
    return { type: 'exited', code, signal: code === null ? 'SIGKILL' : null };
  }

  /** Found at most once, before anything was started. */
  private found(what: 'adopted' | 'ended'): TargetEvent | null {
    if (this.model.generation > 0 || this.model.phase !== 'stopped') return null;
    return what === 'ended'
      ? { type: what, code: this.now % 2, signal: null, ranMs: 5000 }
      : { type: what, pid: ++this.pids, ranMs: 5000 };
  }

  private check(): void {
    const { phase, pid, after } = this.model;
    const alive = this.process === 'alive';
    assert.equal(pid !== null, alive, `${phase} with pid ${pid} while the process is ${this.process}`);
    if (alive) assert.ok(phase === 'running' || phase === 'stopping', phase);
    if (this.process === 'being spawned') assert.ok(phase === 'starting' || phase === 'stopping', phase);
    if (this.process === 'none') assert.ok(!['starting', 'running', 'stopping'].includes(phase), phase);
    assert.equal(this.timer === 'backoff-over', phase === 'backoff');
    if (this.timer === 'grace-over') assert.equal(phase, 'stopping');
    if (after !== 'stay') assert.equal(phase, 'stopping');
  }
}

const arbWalk = fc.array(fc.tuple(fc.constantFrom(...PUSHES), fc.nat(20_000)), { maxLength: 60 });
type Policies = [RestartPolicy['restart'], RestartPolicy['atLimit']];
const arbRestart: fc.Arbitrary<Policies> = fc.tuple(
  fc.constantFrom('always', 'on-failure', 'never'),
  fc.constantFrom('delay', 'fail'),
);

function walked([restart, atLimit]: Policies, pushes: [Push, number][]): World {
  const world = new World(restart, atLimit);
  for (const [what, ms] of pushes) {
    world.now += ms;
    world.push(what);
  }
  return world;
}

test('whatever happens: one process at most, a pid only while it lives, no timer left over', () => {
  fc.assert(
    fc.property(arbRestart, arbWalk, (restart, pushes) => void walked(restart, pushes)),
    { numRuns: 1000 },
  );
});

test('whatever happened: stop ends in stopped, start ends in running', () => {
  const arbEnd = fc.constantFrom<Push>('clean', 'crash', 'killed');
  fc.assert(
    fc.property(arbRestart, arbWalk, arbEnd, (restart, pushes, end) => {
      const stopped = walked(restart, [...pushes, ['stop', 0], ['spawned', 0], ['timer', 0], [end, 0]]);
      assert.deepEqual([stopped.model.phase, stopped.process, stopped.timer], ['stopped', 'none', null]);
      const before = stopped.model.generation;
      for (const push of ['start', 'spawned'] as const) stopped.push(push);
      assert.deepEqual([stopped.model.phase, stopped.model.generation], ['running', before + 1]);
    }),
    { numRuns: 1000 },
  );
});
