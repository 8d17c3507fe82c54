/** The first start of a target waits for the leaves that it needs; later ones, and an operator's, do not. */

/** The place of a leaf among those of its process. */
export interface Order {
  /** Those it needs that are not ready, by the names they are known by here; none: go. */
  blockers(): readonly string[];
  /** Tells of every change of that; returns what ends it. */
  watch(listener: () => void): () => void;
  /** Says whether this leaf itself is ready. */
  ready(now: boolean): void;
}

export class FirstStart {
  private waiting: AbortController | null = null;
  private blockers: readonly string[] = [];

  /** `told`: it waits for somebody else, or no longer. */
  constructor(
    private readonly order: Order | null,
    private readonly told: (reason: string | null) => void,
  ) {}

  get isClear(): boolean {
    return this.order === null || this.order.blockers().length === 0;
  }

  /** `waiting for db`; null where it does not wait. */
  get reason(): string | null {
    return this.waiting && `waiting for ${this.blockers.join(', ')}`;
  }

  /** True once nothing is in the way, false where it was called off. */
  comes(): Promise<boolean> {
    const { order } = this;
    if (order === null) return Promise.resolve(true);
    const waiting = new AbortController();
    this.waiting = waiting;
    return new Promise(resolve => {
      const settle = (go: boolean): void => {
        unwatch();
        this.waiting = null;
        resolve(go);
      };
      const look = (): void => {
        const blockers = order.blockers();
        if (blockers.length === 0) return settle(true);
        if (blockers.join() === this.blockers.join()) return;
        this.blockers = blockers;
        this.told(this.reason);
      };
      const unwatch = order.watch(look);
      waiting.signal.addEventListener('abort', () => settle(false), { once: true });
      look();
    });
  }

  cancel(): void {
    if (this.waiting === null) return;
    this.waiting.abort();
    this.told(null);
  }
}
