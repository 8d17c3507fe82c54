/** Puts the questions of the probes to a running target, each in its own rhythm and never two of one at a time. */
import { setTimeout as pause } from 'node:timers/promises';
import {
  type Answer,
  answered,
  beginProbes,
  isDue,
  isEager,
  PROBES,
  type ProbeModel,
  type ProbeName,
  type ProbePolicies,
} from '../core/probes.js';

/** Never rejects, and ends soon after the signal. */
export type Look = (probe: ProbeName, signal: AbortSignal) => Promise<Answer>;

/** Milliseconds to the first look that does not wait for the interval; doubled with each. */
const EARLY_MS = 100;

export class Prober {
  private current: ProbeModel;
  private run: AbortController | null = null;

  constructor(
    private readonly policies: ProbePolicies,
    private readonly look: Look,
    private readonly told: () => void,
  ) {
    this.current = beginProbes(policies);
  }

  get model(): ProbeModel {
    return this.current;
  }

  /** A new run of the target: what an earlier one is still being asked does not count any more. */
  begin(): void {
    this.end();
    this.current = beginProbes(this.policies);
    this.run = new AbortController();
    this.ask(this.run.signal);
  }

  end(): void {
    this.run?.abort();
    this.run = null;
  }

  private ask(run: AbortSignal): void {
    for (const probe of PROBES)
      if (isDue(this.current, this.policies, probe)) void this.keepAsking(probe, run);
  }

  private async keepAsking(probe: ProbeName, run: AbortSignal): Promise<void> {
    const interval = this.policies[probe]?.intervalMs ?? 0;
    let tick = performance.now() + firstAfter(probe, interval);
    let early = EARLY_MS;
    let next = tick;
    while (await slept(next - performance.now(), run)) {
      const answer = await this.look(probe, run);
      if (run.aborted) return;
      this.take(probe, { ...answer, early: next < tick }, run);
      if (run.aborted || !isDue(this.current, this.policies, probe)) return;
      const now = performance.now();
      if (next >= tick) tick += interval * Math.max(1, Math.ceil((now - tick) / interval));
      next = isEager(this.current, this.policies, probe) ? Math.min(tick, now + early) : tick;
      early *= 2;
    }
  }

  private take(probe: ProbeName, answer: Answer, run: AbortSignal): void {
    const { started } = this.current;
    this.current = answered(this.current, this.policies, probe, answer);
    this.told();
    if (!run.aborted && !started && this.current.started) this.ask(run);
  }
}

/** Not all of a host at once. What has only just been started needs a while before it is asked whether it is alive. */
const firstAfter = (probe: ProbeName, interval: number): number =>
  probe === 'liveness' ? interval * (0.5 + Math.random() / 2) : Math.min(interval, EARLY_MS) * Math.random();

/** False where the run ended meanwhile. */
const slept = (ms: number, run: AbortSignal): Promise<boolean> =>
  pause(Math.max(0, ms), undefined, { signal: run }).then(
    () => true,
    () => false,
  );
