/** Milliseconds between two looks at whether a token still stands. */
const LOOK_MS = 2000;

/** A token that was taken back, or has ended, ends what is still read with it. */
export function endWhen(cut: AbortSignal, end: AbortController, isStillKnown: () => Promise<boolean>): void {
  const timer = setInterval(() => {
    void isStillKnown().then(isKnown => isKnown || end.abort());
  }, LOOK_MS);
  timer.unref();
  cut.addEventListener('abort', () => clearInterval(timer), { once: true });
}
