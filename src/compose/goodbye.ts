/** Milliseconds that the last words may take to reach the parent. */
export const GOODBYE_MS = 1000;
