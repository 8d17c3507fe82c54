/** When a message that was not taken is tried again. */

const FIRST_MS = 1000;
const LONGEST_MS = 300_000;

/** Milliseconds after so many failures in a row: 1 s, 2 s, 4 s … 5 min, each up to half of it less, so that many do not come at once. */
export function waitAfter(failures: number, random: () => number): number {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(20, Math.max(0, failures - 1)));
  return Math.round(whole * (1 - random() / 2));
}
