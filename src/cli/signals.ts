/** Ctrl-C and TERM: once is an orderly stop, twice does not wait for grace periods. */
export async function untilStopped(stop: () => Promise<void>, hurry: () => void): Promise<void> {
  await new Promise<void>(resolve => {
    let asked = false;
    const ask = (): void => {
      if (asked) return hurry();
      asked = true;
      resolve();
    };
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, ask);
  });
  await stop();
}
