/** How far the clock of another node is ahead of ours, by what its heartbeats say. Pure. */

/** The newest differences (ms) of the time that stands in a heartbeat and the one at which it came. */
export type Skew = readonly number[];

/** As many are looked at: the way up only ever adds to the age of a heartbeat, so that the largest difference is nearest. */
const KEPT = 8;

/** `ts`: what the heartbeat says; `now`: our wall clock when it came. */
export function withBeat(skew: Skew | null, ts: number, now: number): Skew {
  const newest = skew === null ? [] : skew.slice(1 - KEPT);
  newest.push(ts - now);
  return newest;
}

/** Milliseconds; above 0 it is ahead of ours. Null before the first heartbeat. */
export function skewMs(skew: Skew | null): number | null {
  if (skew === null || skew.length === 0) return null;
  let most = Number.NEGATIVE_INFINITY;
  for (const each of skew) most = Math.max(most, each);
  return most;
}

/** Whether it is wrong: over the bound, until it is well below. */
export function isWrong(skew: Skew | null, boundMs: number, was: boolean): boolean {
  const ms = Math.abs(skewMs(skew) ?? 0);
  return was ? ms > boundMs * 0.8 : ms > boundMs;
}
