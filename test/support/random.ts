/** Random numbers from 0 to below 1 that a seed repeats (mulberry32). */
export function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The seed of a run: SEED repeats one. */
export const seedOf = (env: NodeJS.ProcessEnv): number => Number(env.SEED ?? Date.now() % 1_000_000);
