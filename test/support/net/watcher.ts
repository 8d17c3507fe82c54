/**
 * Run on a machine of the test: says what the node there holds true, one line of JSON for each look, and asks it over REST
 * what comes in as lines of JSON (`n`, `method`, `path`, `body`), whose answers are lines with that `n`.
 */
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds between two looks. */
const EVERY = 250;
const [url = ''] = process.argv.slice(2);
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

interface Asked {
  readonly n: number;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

async function answer({ n, method, path, body }: Asked): Promise<void> {
  const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  try {
    const signal = AbortSignal.timeout(20_000);
    const got = await fetch(url + path, { method, signal, ...(body === undefined ? {} : json) });
    say({ n, status: got.status, body: await got.json() });
  } catch (error) {
    say({ n, status: 0, body: { code: 'no-answer', message: String(error) } });
  }
}

createInterface({ input: process.stdin }).on('line', line => void answer(JSON.parse(line) as Asked));

for (;;) {
  try {
    const looked = await fetch(`${url}/api/v1/nodes?limit=100`, { signal: AbortSignal.timeout(2000) });
    const { nodes } = (await looked.json()) as { nodes: { path: string; status: string }[] };
    say({ at: Date.now(), seen: Object.fromEntries(nodes.map(({ path, status }) => [path, status])) });
  } catch {
    // Dead, frozen, or not up yet: then it holds nothing true.
  }
  await pause(EVERY);
}
