/**
 * The hearts of a process. They beat together on shared steps: to wake up and find cold caches costs several times what a
 * heartbeat does.
 */

/** Milliseconds between two steps at the most; an interval has at least so many of them. */
const STEP_MS = 1000;
const LEAST_STEPS = 4;

/** Those that beat at the same moments: one timer, which keeps to its times however late it is called. */
class Step {
  /** With the monotonic ms at which each begins. */
  private readonly hearts = new Map<() => void, number>();
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly intervalMs: number,
    private dueAt: number,
    private readonly now: () => number,
  ) {}

  get isEmpty(): boolean {
    return this.hearts.size === 0;
  }

  add(beat: () => void, from: number): void {
    this.hearts.set(beat, from);
    if (this.timer === null) this.wait();
  }

  delete(beat: () => void): void {
    this.hearts.delete(beat);
    if (!this.isEmpty || this.timer === null) return;
    clearTimeout(this.timer);
    this.timer = null;
  }

  private readonly fall = (): void => {
    const now = this.now();
    for (const [beat, from] of this.hearts) if (from <= now) beat();
    // What was slept through is not made up for.
    const missed = Math.max(0, Math.floor((now - this.dueAt) / this.intervalMs));
    this.dueAt += (missed + 1) * this.intervalMs;
    if (!this.isEmpty) this.wait();
  };

  private wait(): void {
    this.timer = setTimeout(this.fall, Math.ceil(this.dueAt - this.now()));
  }
}

export class Hearts {
  /** By interval and number of the step within it. */
  private readonly steps = new Map<string, Step>();

  /** `now`: monotonic ms. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Calls `beat` on a random step between half an interval and one (ms) from now, then every interval; returns how to end it. */
  join(intervalMs: number, beat: () => void): () => void {
    const count = Math.max(LEAST_STEPS, Math.ceil(intervalMs / STEP_MS));
    const stepMs = intervalMs / count;
    const now = this.now();
    const first = Math.ceil((now + intervalMs / 2) / stepMs);
    const last = Math.floor((now + intervalMs) / stepMs);
    const nth = first + Math.floor(Math.random() * (last - first + 1));
    const key = `${intervalMs}/${nth % count}`;
    const step = this.steps.get(key) ?? new Step(intervalMs, nth * stepMs, this.now);
    this.steps.set(key, step);
    step.add(beat, nth * stepMs);
    return () => {
      step.delete(beat);
      if (step.isEmpty && this.steps.get(key) === step) this.steps.delete(key);
    };
  }
}

export const heartsHere = new Hearts();
