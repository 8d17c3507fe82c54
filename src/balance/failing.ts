/**
 * Since when an instance has been failing. One that crashes again and again is up in between: it counts as well only once it has
 * been up for as long as it would be waited for. Times are monotonic ms.
 */
import type { Instance } from './standing-order.js';

interface Illness {
  readonly since: number;
  upSince: number | null;
}

export class Failing {
  private readonly ill = new Map<string, Illness>();

  /** The instance as it is to be judged: `ailing`, or `out`, for all of the time that it can't be relied on. */
  judge(instance: Instance, now: number, graceMs: number): Instance {
    const { path, fitness, ready, meant } = instance;
    if (!meant || fitness === 'gone') {
      this.ill.delete(path);
      return instance;
    }
    const fails = fitness === 'ailing' || fitness === 'out';
    const known = this.ill.get(path) ?? (fails ? { since: now, upSince: null } : null);
    if (known === null) return instance;
    known.upSince = ready ? (known.upSince ?? now) : null;
    if (known.upSince !== null && now - known.upSince >= graceMs) {
      this.ill.delete(path);
      return instance;
    }
    this.ill.set(path, known);
    const lost = now - known.since >= graceMs;
    return fails || lost ? { ...instance, fitness: asFailing(fitness), sinceMono: known.since } : instance;
  }
}

/** What may not be touched when it is up may not be so when it fails. */
const asFailing = (fitness: Instance['fitness']): Instance['fitness'] =>
  fitness === 'held' || fitness === 'out' ? 'out' : 'ailing';
