/** Those who read logs, or events, now: at most so many, and ended in good order when the server closes. */
import { setTimeout as pause } from 'node:timers/promises';
import { CanopyError } from '../core/errors.js';

/** Milliseconds for the last bytes to those who still read when the server closes. */
const FAREWELL_MS = 500;

interface Open {
  readonly who: string | null;
  readonly running: Promise<void>;
}

export class Viewers {
  private readonly open = new Map<AbortController, Open>();
  private closed = false;

  /** `crossed`: told of each one that is refused. */
  constructor(
    private readonly most: number,
    private readonly crossed: () => void = () => {},
    private readonly what = 'logs read',
  ) {}

  /** Of one who is known by name: the others keep a third for themselves. */
  private get mostOfOne(): number {
    return Math.max(1, Math.ceil((this.most * 2) / 3));
  }

  /** Runs it with what ends it; throws `too-many-streams`, `shutting-down` and whatever it throws. */
  async serve(who: string | null, run: (cut: AbortController) => Promise<void>): Promise<void> {
    if (this.closed) throw new CanopyError('shutting-down', 'this node is being stopped');
    this.checkRoom(who);
    const cut = new AbortController();
    const running = run(cut);
    this.open.set(cut, { who, running });
    try {
      await running;
    } finally {
      cut.abort();
      this.open.delete(cut);
    }
  }

  private checkRoom(who: string | null): void {
    const own = who === null ? 0 : [...this.open.values()].filter(each => each.who === who).length;
    const most = own >= this.mostOfOne ? this.mostOfOne : this.most;
    if (this.open.size < this.most && own < this.mostOfOne) return;
    this.crossed();
    const whose = most === this.most ? '' : ` with one token`;
    const message = `expected at most ${most} ${this.what} at once${whose}; end one of them first`;
    throw new CanopyError('too-many-streams', message);
  }

  /** Waits for them a moment; one that does not read is left to whoever closes its connection. */
  async close(): Promise<void> {
    this.closed = true;
    for (const cut of this.open.keys()) cut.abort();
    const limit = new AbortController();
    const late = pause(FAREWELL_MS, undefined, { signal: limit.signal }).catch(() => {});
    await Promise.race([Promise.allSettled([...this.open.values()].map(({ running }) => running)), late]);
    limit.abort();
  }
}
