/** Those who read logs now: at most so many, and ended in good order when the server closes. */
import { setTimeout as pause } from 'node:timers/promises';
import { CanopyError } from '../core/errors.js';

/** Milliseconds for the last bytes to those who still read when the server closes. */
const FAREWELL_MS = 500;

export class Viewers {
  private readonly open = new Map<AbortController, Promise<void>>();
  private closed = false;

  constructor(private readonly most: number) {}

  /** Runs it with what ends it; throws `too-many-streams`, `shutting-down` and whatever it throws. */
  async serve(run: (cut: AbortController) => Promise<void>): Promise<void> {
    if (this.closed) throw new CanopyError('shutting-down', 'this node is being stopped');
    if (this.open.size >= this.most)
      throw new CanopyError(
        'too-many-streams',
        `expected at most ${this.most} logs read at once; end one of them first`,
      );
    const cut = new AbortController();
    const running = run(cut);
    this.open.set(cut, running);
    try {
      await running;
    } finally {
      cut.abort();
      this.open.delete(cut);
    }
  }

  /** Waits for them a moment; one that does not read is left to whoever closes its connection. */
  async close(): Promise<void> {
    this.closed = true;
    for (const cut of this.open.keys()) cut.abort();
    const limit = new AbortController();
    const late = pause(FAREWELL_MS, undefined, { signal: limit.signal }).catch(() => {});
    await Promise.race([Promise.allSettled(this.open.values()), late]);
    limit.abort();
  }
}
