/** Tells of what becomes of a target: in order, from the first to the last, and after the deed. */
import type { TargetModel } from '../core/phases.js';

/**
 * Milliseconds that a launch has for itself. To tell of it takes this thread several, for which whoever launches may have to wait:
 * the kernel likes to wake them where this one runs.
 */
const LAUNCH_MS = 5;

export type ChangeListener = (now: TargetModel, before: TargetModel) => void;

export class Telling {
  private listener: ChangeListener | null = null;
  private timer: NodeJS.Timeout | null = null;
  /** What nobody has been told yet. */
  private untold: Parameters<ChangeListener>[] = [];

  /** From now on every change is told, and those before. */
  to(listener: ChangeListener): void {
    this.listener = listener;
    this.now();
  }

  add(...change: Parameters<ChangeListener>): void {
    this.untold.push(change);
  }

  now(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    if (this.listener === null) return;
    for (let change = this.untold.shift(); change; change = this.untold.shift()) this.listener(...change);
  }

  /** Once a launch has had its time. */
  soon(): void {
    this.timer ??= setTimeout(() => this.now(), LAUNCH_MS);
  }
}
