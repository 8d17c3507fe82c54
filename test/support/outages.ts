/** From what a client was answered: how many of a service were provably away at the same time. Pure. */

/** One request; monotonic ms when it was begun and when its answer or refusal was there. */
export interface Ask {
  readonly instance: number;
  readonly from: number;
  readonly to: number;
  readonly ok: boolean;
}

/** Away for certain all the time: from when it was refused first to when the last request that was refused was begun. */
export interface Outage {
  readonly instance: number;
  readonly from: number;
  readonly to: number;
}

export function outages(asks: readonly Ask[]): Outage[] {
  const open = new Map<number, Outage>();
  const found: Outage[] = [];
  for (const { instance, from, to, ok } of asks.toSorted((a, b) => a.from - b.from)) {
    const outage = open.get(instance);
    if (ok && outage) {
      found.push(outage);
      open.delete(instance);
    }
    if (!ok) open.set(instance, { instance, from: outage?.from ?? to, to: from });
  }
  return [...found, ...open.values()];
}

/** The most instances that were away at once, as their numbers. */
export function awayAtOnce(asks: readonly Ask[]): number[] {
  const away = outages(asks);
  const at = (time: number): number[] =>
    away.filter(({ from, to }) => from <= time && time <= to).map(({ instance }) => instance);
  return away
    .map(({ from }) => at(from))
    .reduce((most, some) => (some.length > most.length ? some : most), []);
}
