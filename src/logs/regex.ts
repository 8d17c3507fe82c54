/** A regular expression, tried on a thread of its own: one that takes for ever holds up nobody but its like. */
import { CanopyError } from '../core/errors.js';
import type { Matcher, Matches } from './matcher.js';
import { type Outcome, SearchThread } from './search-thread.js';

/** Milliseconds that an expression may take, and what each byte that it has gone through adds: 10 MB/s are always enough. */
const LIMIT_MS = 2000;
const MS_PER_BYTE = 1e-4;
/** Milliseconds after which it goes on among those that take long, and those behind it need not wait. */
const QUICK_MS = 150;

/** Pieces of logs that wait to be searched, each up to a chunk in memory; of slow ones so many that the last one's turn comes within the minute. */
const MOST_QUICK = 256;
const MOST_SLOW = 16;

const OURS = { quick: new SearchThread(MOST_QUICK), slow: new SearchThread(MOST_SLOW) };

export class RegexSearch implements Matcher {
  private leftMs = LIMIT_MS;
  private isSlow = false;

  constructor(
    private readonly pattern: string,
    private readonly cut: AbortSignal,
    private readonly threads = OURS,
  ) {}

  async match(bytes: Buffer): Promise<Matches> {
    let outcome = await this.attempt(bytes);
    if (outcome.matches === null && !this.isSlow && outcome.error === null) {
      this.isSlow = true;
      outcome = await this.attempt(bytes);
    }
    const { matches, error } = outcome;
    if (this.cut.aborted) return [];
    if (error) throw new CanopyError('grep-failed', `grep: the expression can't be tried: ${error.message}`);
    if (matches === null || this.leftMs <= 0)
      throw new CanopyError(
        'grep-failed',
        `grep: the expression took longer than ${LIMIT_MS / 1000} s on these lines; expected a simpler one, or fixed`,
      );
    return matches;
  }

  private async attempt(bytes: Buffer): Promise<Outcome> {
    const { pattern, cut, isSlow, leftMs, threads } = this;
    const limitMs = isSlow ? leftMs : Math.min(leftMs, QUICK_MS);
    const outcome = await threads[isSlow ? 'slow' : 'quick'].search({ pattern, bytes, limitMs }, cut);
    this.leftMs -= outcome.ms - (outcome.matches === null ? 0 : bytes.length * MS_PER_BYTE);
    return outcome;
  }
}
