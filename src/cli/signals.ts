import { isatty } from 'node:tty';

/**
 * Ctrl-C and TERM: once is an orderly stop, twice does not wait for grace periods. `mayKeep` of TERM alone, with which a
 * machine ends its services: targets may be left to the next start. A person who stops something means all of it.
 * HUP reads again what may change, as with any daemon; on a terminal it says that this is gone.
 */
export async function untilStopped(
  stop: (mayKeep: boolean) => Promise<void>,
  hurry: () => void,
  reload: () => void,
): Promise<void> {
  const first = await firstSignal(hurry, reload);
  if (first === 'SIGINT' && process.stderr.isTTY) {
    process.stderr.write('\ncanopy: stopping; Ctrl-C again to kill what takes its time\n');
  }
  await stop(first === 'SIGTERM');
  // Node fails an assertion, and dumps its core, where it leaves a terminal that is gone: this is quieter.
  if (first === 'SIGHUP') process.kill(process.pid, 'SIGKILL');
}

/** Milliseconds within which a second signal is the same one: npm passes on what the terminal has sent already. */
const SAME_MS = 500;

function firstSignal(hurry: () => void, reload: () => void): Promise<NodeJS.Signals> {
  const onTerminal = [0, 1, 2].some(isatty);
  return new Promise(resolve => {
    let askedAt: number | null = null;
    const ask = (name: NodeJS.Signals): void => {
      const now = performance.now();
      if (askedAt === null) {
        askedAt = now;
        resolve(name);
      } else if (name !== 'SIGHUP' && now - askedAt > SAME_MS) hurry();
    };
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, ask);
    process.on('SIGHUP', onTerminal ? ask : reload);
  });
}
