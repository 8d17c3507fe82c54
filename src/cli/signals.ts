/**
 * Ctrl-C and TERM: once is an orderly stop, twice does not wait for grace periods. `mayKeep` of TERM alone, with which a
 * machine ends its services: targets may be left to the next start. A person who stops something means all of it.
 */
export async function untilStopped(
  stop: (mayKeep: boolean) => Promise<void>,
  hurry: () => void,
): Promise<void> {
  const first = await firstSignal(hurry);
  if (first === 'SIGINT' && process.stderr.isTTY) {
    process.stderr.write('\ncanopy: stopping; Ctrl-C again to kill what takes its time\n');
  }
  await stop(first === 'SIGTERM');
  // Node fails an assertion, and dumps its core, where it leaves a terminal that is gone: this is quieter.
  if (first === 'SIGHUP') process.kill(process.pid, 'SIGKILL');
}

/** Milliseconds within which a second signal is the same one: npm passes on what the terminal has sent already. */
const SAME_MS = 500;

function firstSignal(hurry: () => void): Promise<NodeJS.Signals> {
  return new Promise(resolve => {
    let askedAt: number | null = null;
    const ask = (name: NodeJS.Signals): void => {
      const now = performance.now();
      if (askedAt === null) {
        askedAt = now;
        resolve(name);
      } else if (name !== 'SIGHUP' && now - askedAt > SAME_MS) hurry();
    };
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, ask);
  });
}
