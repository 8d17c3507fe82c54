/**
 * `npm test`: every test file, two at a time. These are whole systems with deadlines of their own, on whatever machine there
 * is: a file that fails is run once more when nobody else takes its time, and it is that run which counts. It is named either way.
 */
import { relative, resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

/** Node reads and parses what this names at each start, twice as long as all else takes; and no test leaves this machine. */
delete process.env.NODE_EXTRA_CA_CERTS;

const AT_ONCE = 2;
/** Of a whole file. */
const TIMEOUT_MS = 180_000;
/** More than these are not bad luck. */
const MOST_AGAIN = 5;

/** Resolves with the files in which something failed. */
async function failedOf(files: string[], concurrency: number): Promise<string[]> {
  const failed = new Set<string>();
  const events = run({ files, concurrency, timeout: TIMEOUT_MS });
  // One that could not so much as begin, or was cut off, has no file but a name.
  events.on('test:fail', ({ file, name, todo }) => {
    if (todo === undefined) failed.add(file ?? name);
  });
  for await (const text of events.compose(new spec())) process.stdout.write(String(text));
  return files.filter(file => failed.has(file));
}

const say = (what: string, files: readonly string[]): void =>
  console.log(`\n${what}:\n${files.map(file => `  ${relative('.', file)}\n`).join('')}`);

const first = await failedOf(
  process.argv.slice(2).map(file => resolve(file)),
  AT_ONCE,
);
const isWorthIt = first.length > 0 && first.length <= MOST_AGAIN;
if (isWorthIt) say('once more, alone', first);
const failed = isWorthIt ? await failedOf(first, 1) : first;
const unsteady = first.filter(file => !failed.includes(file));
if (unsteady.length > 0) say('unsteady: failed beside others, and passed alone', unsteady);
if (failed.length > 0) say('failed', failed);
process.exit(failed.length > 0 ? 1 : 0);
