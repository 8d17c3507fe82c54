/** One at a time per key: two who scale one service at once would each count on what the other is about to change. */
import { CanopyError } from '../core/errors.js';

interface Ticket {
  readonly kind: string;
  readonly cut: AbortController;
  isBegun: boolean;
}

export class Locks {
  /** Settles, always well, when the last one and all before it are done. */
  private readonly last = new Map<string, Promise<unknown>>();
  private readonly tickets = new Map<string, Set<Ticket>>();

  isBusy(key: string): boolean {
    return this.last.has(key);
  }

  /**
   * Runs `work` when those before it on this key are done, however they ended. One of a `kind`, such as `scale of web`, takes
   * the place of all of that kind before it: one that waits rejects as `superseded`, one under way is cut with that.
   */
  async take<T>(key: string, work: (cut: AbortSignal) => Promise<T>, kind = ''): Promise<T> {
    const before = this.last.get(key) ?? Promise.resolve();
    const ticket = this.enter(key, kind);
    const { signal } = ticket.cut;
    const mine = turn(before, signal).then(() => {
      ticket.isBegun = true;
      return work(signal);
    });
    const all = Promise.allSettled([before, mine]);
    this.last.set(key, all);
    const release = (): void => {
      if (this.last.get(key) === all) this.last.delete(key);
    };
    try {
      return await mine;
    } finally {
      this.leave(key, ticket);
      if (ticket.isBegun) release();
      else void all.then(release);
    }
  }

  private enter(key: string, kind: string): Ticket {
    const ticket = { kind, cut: new AbortController(), isBegun: false };
    const others = this.tickets.get(key) ?? new Set();
    for (const other of others) if (kind !== '' && other.kind === kind) supersede(other);
    this.tickets.set(key, others.add(ticket));
    return ticket;
  }

  private leave(key: string, ticket: Ticket): void {
    const others = this.tickets.get(key);
    others?.delete(ticket);
    if (others?.size === 0) this.tickets.delete(key);
  }
}

function supersede({ kind, cut, isBegun }: Ticket): void {
  const how = isBegun ? 'it was cut short, and what it has started goes on' : 'it was not begun';
  cut.abort(new CanopyError('superseded', `a later ${kind} took its place; ${how}`));
}

function turn(before: Promise<unknown>, cut: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    void before.then(() => resolve());
    cut.addEventListener('abort', () => reject(cut.reason), { once: true });
  });
}
