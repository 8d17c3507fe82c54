/** Finds the lines that are looked for in a piece of whole lines. */

/** One after the other for each line that matches: its number within the bytes, where it begins, where it ends. */
export type Matches = readonly number[];

export interface Matcher {
  /** Throws CanopyError `grep-failed`, `grep-busy`. */
  match(bytes: Buffer): Matches | Promise<Matches>;
}
