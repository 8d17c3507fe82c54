/** Resolves with the first truthy answer; rejects when there was none by the deadline (ms). */
export async function until<T>(
  predicate: () => T | Promise<T>,
  deadlineMs = 5000,
  what = predicate.toString(),
): Promise<NonNullable<T>> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const answer = await predicate();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}
