/** Waits for something, but no longer than until it is cut; whether it came. */
export function unlessCut(work: Promise<unknown>, cut: AbortSignal): Promise<boolean> {
  if (cut.aborted) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    const settle = (came: boolean): void => {
      cut.removeEventListener('abort', aborted);
      resolve(came);
    };
    const aborted = (): void => settle(false);
    cut.addEventListener('abort', aborted, { once: true });
    work.then(() => settle(true), reject);
  });
}
