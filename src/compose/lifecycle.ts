/** Starts in order, stops in reverse, each stop with a deadline: what tsyringe does not do. */
export interface Step {
  readonly name: string;
  start(): void | Promise<void>;
  /** `mayKeep`: what can go on without us may. */
  stop(mayKeep: boolean): void | Promise<void>;
  /** Milliseconds that its stop may take before the next one's turn. */
  readonly stopMs?: number;
}

const STOP_MS = 5000;

export class Lifecycle {
  private readonly started: Step[] = [];
  private starting: Promise<void> = Promise.resolve();
  private cancelled = false;

  constructor(
    private readonly steps: readonly Step[],
    private readonly log: { warn(fields: object, message: string): void },
  ) {}

  /** Where a step fails, those before it are stopped again and the error is thrown. */
  start(): Promise<void> {
    this.starting = this.run();
    return this.starting;
  }

  /** Waits for a start under way to reach its next step. Never throws: what can't be stopped is logged. */
  async stop(mayKeep = false): Promise<void> {
    this.cancelled = true;
    await this.starting.catch(() => {});
    await this.unwind(mayKeep);
  }

  private async run(): Promise<void> {
    for (const step of this.steps) {
      if (this.cancelled) return;
      try {
        await step.start();
      } catch (error) {
        await this.unwind(false);
        throw error;
      }
      this.started.push(step);
    }
  }

  private async unwind(mayKeep: boolean): Promise<void> {
    for (let step = this.started.pop(); step; step = this.started.pop()) {
      const { name, stopMs = STOP_MS } = step;
      try {
        const inTime = await withDeadline(step.stop(mayKeep), stopMs);
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
