/** Beats every interval; the first one at once, the rest on a random step of it, so that many leaves do not beat as one. */
import { type Hearts, heartsHere } from './hearts.js';

export class Heart {
  private leave: (() => void) | null = null;
  private seq = 0;
  private extra: NodeJS.Timeout | null = null;

  /** `hearts`: those it beats with. */
  constructor(
    private readonly intervalMs: number,
    private readonly beat: (seq: number) => void,
    private readonly hearts: Hearts = heartsHere,
  ) {}

  start(): void {
    this.tick();
    this.leave = this.hearts.join(this.intervalMs, this.tick);
  }

  stop(): void {
    this.leave?.();
    if (this.extra) clearTimeout(this.extra);
    this.leave = null;
    this.extra = null;
  }

  /** One beat beside the rhythm, within `ms`: what it tells has changed. */
  soon(ms: number): void {
    if (this.leave === null || this.extra !== null) return;
    this.extra = setTimeout(() => {
      this.extra = null;
      this.tick();
    }, ms);
  }

  private readonly tick = (): void => {
    this.seq += 1;
    this.beat(this.seq);
  };
}
