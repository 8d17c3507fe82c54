/** Run on a machine of the test: says what the node there holds true, one line of JSON for each look. */
import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds between two looks. */
const EVERY = 250;
const [url = ''] = process.argv.slice(2);

for (;;) {
  try {
    const answer = await fetch(`${url}/api/v1/nodes?limit=100`, { signal: AbortSignal.timeout(2000) });
    const { nodes } = (await answer.json()) as { nodes: { path: string; status: string }[] };
    const seen = Object.fromEntries(nodes.map(({ path, status }) => [path, status]));
    process.stdout.write(`${JSON.stringify({ at: Date.now(), seen })}\n`);
  } catch {
    // Dead, frozen, or not up yet: then it holds nothing true.
  }
  await pause(EVERY);
}
