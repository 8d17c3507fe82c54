/** Says that there was no room for what came through a FIFO, and when that is over: it is noticed by writing alone. */
import type { Keeping } from './keep.js';
import type { StoreNews } from './options.js';

/** Milliseconds that all has to go well for it to be over. */
const CALM_MS = 1000;

export class Shortage {
  private lastAt: number | null = null;

  constructor(
    private readonly keeping: () => Keeping,
    private readonly told: (news: StoreNews) => void,
  ) {}

  /** Something had to go, or could not be kept. */
  suffered(): void {
    const isNew = this.lastAt === null;
    this.lastAt = performance.now();
    const reason = 'the disk is full: the oldest lines make room for new ones, or these are dropped';
    if (isNew) this.told({ loses: true, reason, count: this.keeping().lost });
  }

  /** Something was written. */
  wrote(): void {
    if (this.lastAt === null || performance.now() - this.lastAt < CALM_MS) return;
    this.lastAt = null;
    const keeping = this.keeping();
    this.told({ loses: false, reason: 'there is room on the disk again', count: keeping.lost });
    keeping.lost = 0;
  }
}
