/** Gaps of one log in words: each at once, but those that go on where it ended, as behind a target that outruns its log, together. */
import { gapInWords } from '../rest/log-format.js';
import type { PrintedGap } from './log-print.js';

/** Milliseconds between two words about what goes on missing. */
const TOGETHER_MS = 1000;

export class GapNotes {
  private held: PrintedGap | null = null;
  /** Last seq of the one before, and until when (ms) what goes on there is held back. */
  private end: number | null = null;
  private quietUntil = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly say: (words: string) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  add(gap: PrintedGap): void {
    const goesOn = this.end !== null && gap.from === this.end + 1 && this.now() < this.quietUntil;
    if (!goesOn) {
      this.flush();
      this.tell(gap);
      return;
    }
    this.held = { ...gap, from: this.held?.from ?? gap.from };
    this.end = gap.to;
    this.timer ??= setTimeout(() => this.flush(), this.quietUntil - this.now());
  }

  /** Lines come, or the end. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.held) this.tell(this.held);
    this.held = null;
  }

  private tell(gap: PrintedGap): void {
    this.say(gapInWords(gap));
    this.end = gap.to;
    this.quietUntil = this.now() + TOGETHER_MS;
  }
}
