/** Milliseconds between attempts: doubled from min to max, each shortened at random by up to half. */
export interface Backoff {
  readonly minMs: number;
  readonly maxMs: number;
}

export const BACKOFF: Backoff = { minMs: 100, maxMs: 2000 };

/** No slower than heartbeats: a parent that comes back allows for the loss of one of these, and takes no child for lost. */
export const backoffWithin = (intervalMs: number): Backoff => ({
  minMs: BACKOFF.minMs,
  maxMs: Math.min(BACKOFF.maxMs, Math.max(BACKOFF.minMs, intervalMs)),
});

export function delayAfter({ minMs, maxMs }: Backoff, attempts: number): number {
  const full = Math.min(maxMs, minMs * 2 ** Math.min(attempts, 20));
  return Math.max(1, Math.round(full * (0.5 + Math.random() / 2)));
}
