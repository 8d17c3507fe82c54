import { type AddressInfo, createServer } from 'node:net';

/** Resolves with the first truthy answer; rejects when there was none by the deadline (ms). */
export async function until<T>(
  predicate: () => T | Promise<T>,
  deadlineMs = 5000,
  what: string | (() => string) = predicate.toString(),
): Promise<NonNullable<T>> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const answer = await predicate();
    if (answer) return answer;
    if (Date.now() > deadline)
      throw new Error(`not within ${deadlineMs} ms: ${typeof what === 'string' ? what : what()}`);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(0, '127.0.0.1', () => resolve()),
  );
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}
