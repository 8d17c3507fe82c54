/** Whether a target takes more memory than it may. */

/** Bytes; null is no limit. */
export interface MemoryLimits {
  readonly warn: number | null;
  readonly max: number | null;
}

export type MemoryVerdict =
  | { readonly over: 'max' | 'warn'; readonly reason: string }
  | { readonly over: null; readonly reason: null };

/** Once warned of, it has to fall this much below: one that hovers there is told once. */
const BACK = 0.95;

export function judgeMemory(rss: number, { warn, max }: MemoryLimits, warned: boolean): MemoryVerdict {
  if (max !== null && rss > max) return { over: 'max', reason: over(rss, 'memory_max', max) };
  if (warn !== null && rss > (warned ? warn * BACK : warn))
    return { over: 'warn', reason: over(rss, 'memory_warn', warn) };
  return { over: null, reason: null };
}

const over = (rss: number, limit: string, bytes: number): string =>
  `rss ${size(rss)} over ${limit} ${size(bytes)}`;

/** `612 MB`, of 1024 as the limits are given. */
export function size(bytes: number): string {
  const power = Math.min(4, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${Math.round((bytes / 1024 ** power) * 10) / 10} ${['bytes', 'KB', 'MB', 'GB', 'TB'][power]}`;
}
