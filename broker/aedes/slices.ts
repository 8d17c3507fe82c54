/** Turns for long work that strangers ask for: one in each turn of the loop, first come, first served. */
export class Slices {
  readonly #waiting: (() => void)[] = [];

  turn(): Promise<void> {
    return new Promise(resolve => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1) setImmediate(() => this.#next());
    });
  }

  #next(): void {
    this.#waiting.shift()?.();
    if (this.#waiting.length > 0) setImmediate(() => this.#next());
  }
}
