/** Does what the order of turns decides: begins, cuts short, gives up. */
import { CanopyError } from '../core/errors.js';
import { emptyLine, enter, type Line, leave, type Turn } from '../core/turns.js';

export interface Job {
  readonly turn: Turn;
  /** Called before any other job feels that this one has come. */
  accepted(): void;
  /** Never rejects. */
  run(cut: AbortSignal): Promise<void>;
  /** It is not begun any more. */
  drop(why: CanopyError): void;
}

/** Jobs that may wait: more than a person gives, few enough that the last one's turn comes. */
export const MOST_WAITING = 100;

export class Queue {
  private line: Line<Job> = emptyLine;
  private cut = new AbortController();

  /** False, and nothing is done, where too many wait. */
  take(job: Job): boolean {
    const entered = enter(this.line, job, MOST_WAITING);
    if (entered === null) return false;
    this.line = entered.line;
    job.accepted();
    for (const other of entered.superseded) other.drop(superseded('it was not begun'));
    if (entered.cut) this.cut.abort(superseded('it was cut short'));
    if (entered.begin) this.begin(entered.begin);
    return true;
  }

  /** Gives up all that wait. */
  clear(why: CanopyError): void {
    const { current, waiting } = this.line;
    this.line = { current, waiting: [] };
    for (const job of waiting) job.drop(why);
  }

  private begin(job: Job): void {
    const cut = new AbortController();
    if (job === this.line.current) this.cut = cut;
    void job.run(cut.signal).then(() => {
      const { line, begin } = leave(this.line, job);
      this.line = line;
      if (begin) this.begin(begin);
    });
  }
}

const superseded = (how: string): CanopyError =>
  new CanopyError('superseded', `a stop that came later took its place; ${how}`);
