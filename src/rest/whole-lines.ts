/** Lines for those who take whole ones: the pieces of a long line are kept until its last one. */
import type { LogGap, LogLines } from '../core/log-lines.js';
import { LineText, type TextLine } from '../protocol/log-text.js';

export type WholeLine = Pick<TextLine, 'seq' | 'ts' | 'stream' | 'line'>;

/** Of one reading from its start on. */
export class WholeLines {
  private readonly text = new LineText();
  private held: WholeLine | null = null;

  /** A line has begun whose rest has not come. */
  get isHalf(): boolean {
    return this.held !== null;
  }

  lines(item: LogLines): WholeLine[] {
    const whole: WholeLine[] = [];
    for (const { seq, ts, stream, line, more } of this.text.lines(item)) {
      if (this.held && this.held.seq !== seq) whole.push(...this.rest());
      const joined = { seq, ts: this.held?.ts ?? ts, stream, line: (this.held?.line ?? '') + line };
      this.held = more ? joined : null;
      if (!more) whole.push(joined);
    }
    return whole;
  }

  /** What there is of a line whose rest will not come; nothing where the gap has it. */
  gap({ from, to }: LogGap): WholeLine[] {
    return this.rest().filter(({ seq }) => seq < from || seq > to);
  }

  private rest(): WholeLine[] {
    const { held } = this;
    this.held = null;
    return held ? [held] : [];
  }
}
