/** Starts in order, stops in reverse, each stop with a deadline: what tsyringe does not do. */

/**
 * How a node ends: with all that it runs; handing over what is set to go on without it; or as if it had not been started, so
 * that what ran before goes on.
 */
export type Stopping = 'end' | 'hand-over' | 'undo';

export interface Step {
  readonly name: string;
  start(): void | Promise<void>;
  stop(how: Stopping): void | Promise<void>;
  /** Milliseconds that its stop may take before the next one's turn. */
  readonly stopMs?: number;
}

const STOP_MS = 5000;

export class Lifecycle {
  private readonly started: Step[] = [];
  private starting: Promise<void> = Promise.resolve();
  private cancelled = false;

  constructor(private readonly log: { warn(fields: object, message: string): void }) {}

  /** These steps, and those of earlier calls before them. Where one fails, all are undone and the error is thrown. */
  start(steps: readonly Step[]): Promise<void> {
    this.starting = this.run(steps);
    return this.starting;
  }

  /** Waits for a start under way to reach its next step. Never throws: what can't be stopped is logged. */
  async stop(how: Stopping = 'end'): Promise<void> {
    this.cancelled = true;
    await this.starting.catch(() => {});
    await this.unwind(how);
  }

  private async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (this.cancelled) return;
      try {
        await step.start();
      } catch (error) {
        await this.unwind('undo');
        throw error;
      }
      this.started.push(step);
    }
  }

  private async unwind(how: Stopping): Promise<void> {
    for (let step = this.started.pop(); step; step = this.started.pop()) {
      const { name, stopMs = STOP_MS } = step;
      try {
        const inTime = await withDeadline(step.stop(how), stopMs);
        if (!inTime) this.log.warn({ step: name, stopMs }, 'did not stop in time');
      } catch (err) {
        this.log.warn({ step: name, err }, 'failed to stop');
      }
    }
  }
}

async function withDeadline(work: void | Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>(resolve => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([Promise.resolve(work).then(() => true as const), late]);
  } finally {
    clearTimeout(timer);
  }
}
