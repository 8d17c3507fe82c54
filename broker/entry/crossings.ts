import type { RefusedEvent } from './report.js';

/** Counts what was not let through, by its code, and passes it on. */
export class Crossings {
  readonly counts = new Map<string, number>();

  constructor(private readonly onRefused: (event: RefusedEvent) => void) {}

  readonly take = (event: RefusedEvent): void => {
    this.counts.set(event.code, (this.counts.get(event.code) ?? 0) + 1);
    this.onRefused(event);
  };
}
