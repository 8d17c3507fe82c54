/** The line to the parent as this side of it sees it: since when it is there or not, and why. */
import type { Link, LinkError } from '../../broker/link.js';
import type { Clock } from '../core/clock.js';

export interface UplinkFacts {
  /** `connecting` until the first attempt has ended. */
  readonly state: 'connecting' | 'online' | 'lost';
  /** Milliseconds since the Unix epoch. */
  readonly since: number;
  /** Why it is lost, with a code. */
  readonly cause: string | null;
}

export interface Turned {
  readonly before: UplinkFacts;
  readonly now: UplinkFacts;
  readonly reason: string;
  readonly code?: string;
}

export class Uplink {
  facts: UplinkFacts;
  /** By the monotonic clock, as long as it lasts. */
  private turnedAt: number;

  /** `tell` of every turn but the first of a line that is there at once, unless an earlier process has left messages that `waited`. */
  constructor(
    private readonly link: Link,
    private readonly clock: Clock,
    private readonly tell: (turned: Turned) => void,
    private readonly waited = 0,
  ) {
    this.facts = { state: 'connecting', since: clock.now(), cause: null };
    this.turnedAt = clock.mono();
    link.on('connected', this.connected);
    link.on('lost', this.lost);
    link.on('failed', this.failed);
    if (link.state === 'connected') this.connected();
  }

  stop(): void {
    this.link.off('connected', this.connected);
    this.link.off('lost', this.lost);
    this.link.off('failed', this.failed);
  }

  private readonly connected = (): void => {
    const { state, cause } = this.facts;
    const seconds = Math.round((this.clock.mono() - this.turnedAt) / 100) / 10;
    const turned = this.turn('online', null);
    if (state !== 'connecting') this.tell({ ...turned, reason: `was lost for ${seconds} s: ${cause}` });
    else if (this.waited > 0)
      this.tell({
        ...turned,
        reason: `there ${seconds} s after a start, ${this.waited} messages had waited`,
      });
  };

  private readonly lost = (error: LinkError): void =>
    this.tell({ ...this.turn('lost', error), reason: error.message, code: error.code });

  private readonly failed = (error: LinkError): void => {
    if (this.facts.state === 'connecting') this.lost(error);
  };

  private turn(state: UplinkFacts['state'], error: LinkError | null): Pick<Turned, 'before' | 'now'> {
    const before = this.facts;
    this.facts = { state, since: this.clock.now(), cause: error?.message ?? null };
    this.turnedAt = this.clock.mono();
    return { before, now: this.facts };
  }
}
