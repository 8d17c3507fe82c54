/** What one receiver is still to be told: in order, one at a time, as long as it takes. */
import type { Notice } from '../core/alert.js';
import { waitAfter } from './backoff.js';
import type { Sent } from './send.js';

export interface LanePorts {
  readonly send: (notice: Notice, signal: AbortSignal) => Promise<Sent>;
  /** It is off the list. */
  readonly over: (notice: Notice, how: Sent | 'expired') => void;
  /** One attempt was in vain, the first of its kind in a row. */
  readonly failing: (notice: Notice, found: string) => void;
  readonly isOver: (notice: Notice) => boolean;
  readonly random: () => number;
}

export class Lane {
  private readonly waiting: Notice[] = [];
  private readonly cut = new AbortController();
  private timer: NodeJS.Timeout | null = null;
  private failures = 0;
  private busy = false;
  private stopped = false;

  constructor(private readonly ports: LanePorts) {}

  get size(): number {
    return this.waiting.length;
  }
  all(): readonly Notice[] {
    return this.waiting;
  }

  /** The oldest that had to go for it, but not the one that is being tried. */
  add(notice: Notice, most: number): Notice | null {
    if (this.waiting.some(({ key }) => key === notice.key)) return null;
    this.waiting.push(notice);
    const dropped =
      this.waiting.length > most ? (this.waiting.splice(this.busy ? 1 : 0, 1)[0] ?? null) : null;
    return dropped;
  }

  /** Tries what is first, unless it is waited for. */
  go(): void {
    if (this.busy || this.timer !== null || this.stopped) return;
    const [first] = this.waiting;
    if (first === undefined) return;
    if (this.ports.isOver(first)) {
      this.waiting.shift();
      this.ports.over(first, 'expired');
      return this.go();
    }
    this.busy = true;
    void this.ports
      .send(first, this.cut.signal)
      // Whatever it stumbles over it would stumble over again: it holds up nobody else.
      .catch((error: NodeJS.ErrnoException): Sent => ({ is: 'never', found: error.code ?? error.name }))
      .then(sent => this.answered(first, sent));
  }

  /** What waits for its next turn is tried now: the receiver may be another one. */
  hurry(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.failures = 0;
    this.go();
  }

  stop(): void {
    this.stopped = true;
    if (this.timer) clearTimeout(this.timer);
    this.cut.abort();
  }

  private answered(notice: Notice, sent: Sent): void {
    this.busy = false;
    if (this.stopped) return;
    if (sent.is === 'later') {
      this.failures += 1;
      if (this.failures === 1) this.ports.failing(notice, sent.found);
      this.timer = setTimeout(
        () => {
          this.timer = null;
          this.go();
        },
        waitAfter(this.failures, this.ports.random),
      );
      return;
    }
    this.failures = 0;
    const at = this.waiting.indexOf(notice);
    if (at !== -1) this.waiting.splice(at, 1);
    this.ports.over(notice, sent);
    this.go();
  }
}
