/**
 * Run where the root is: sees what the root shows, by REST and on its stream of events, and says when. Lines of JSON in and out, each
 * with the number `n` of what was asked: `see` a path with a status (answered `ready`, and then when it was seen), or ask REST.
 */
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { sseEvents } from '../support/sse.js';
import type { Asked, Sight, Wanted } from './sights.js';

/** Milliseconds between two looks. */
const EVERY = 5;
const [url = ''] = process.argv.slice(2);
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
/** All processes of a machine have this clock in common: milliseconds. */
const now = (): number => Number(process.hrtime.bigint()) / 1e6;

const waiting = new Map<string, (at: number) => void>();
const keyOf = ({ path, status }: Wanted): string => `${path} ${status}`;

async function ask({ n, method = 'GET', path = '', body }: Asked): Promise<void> {
  const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(url + path, { method, ...(body === undefined ? {} : json) });
  say({ n, body: await answer.json() });
}

async function look({ path, status }: Wanted): Promise<number> {
  for (;;) {
    const answer = await fetch(`${url}/api/v1/nodes/${path}`);
    const node = (await answer.json()) as Partial<Wanted>;
    if (node.status === status) return now();
    await pause(EVERY);
  }
}

async function see(n: number, wanted: Wanted): Promise<void> {
  const told = new Promise<number>(resolve => waiting.set(keyOf(wanted), resolve));
  const shown = look(wanted);
  say({ n, ready: true });
  const sight: Sight = { rest: await shown, sse: await told };
  say({ n, body: sight });
}

createInterface({ input: process.stdin })
  .on('line', line => {
    const asked = JSON.parse(line) as Asked;
    void (asked.see ? see(asked.n, asked.see) : ask(asked));
  })
  .on('close', () => process.exit());

const stream = sseEvents(`${url}/api/v1/events?event=state`, new AbortController().signal, {
  accept: 'text/event-stream',
});
for await (const { data } of stream) {
  const at = now();
  const key = keyOf(data);
  // How things were when it began is nothing that has just become so.
  if (!data.snapshot) waiting.get(key)?.(at);
  if (!data.snapshot) waiting.delete(key);
}
