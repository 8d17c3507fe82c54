/** Of a command that nobody waits for: that it has begun is told soon, unless it is over, or has said so itself, by then. */
export class Begun {
  private soon: NodeJS.Immediate | null;

  constructor(
    tell: () => void,
    /** The same without a word. */
    private readonly record: () => void,
  ) {
    this.soon = setImmediate(() => {
      this.soon = null;
      tell();
    });
  }

  /** What says how far it is says as well that it has begun. */
  goesOn(): void {
    if (this.soon) this.record();
    this.isOver();
  }

  isOver(): void {
    if (this.soon) clearImmediate(this.soon);
    this.soon = null;
  }
}
