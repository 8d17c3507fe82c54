/** Looks a host name up, once at a time: it can't be called off, and four that hang would block every file of ours. */
import { lookup as ask, type LookupAddress, type LookupAllOptions, type LookupOptions } from 'node:dns';

type Done = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;
const waiting = new Map<string, Done[]>();

/** For the `lookup` of node:net; whoever asks for what is being looked up gets the answer to that. */
export function lookup(name: string, options: LookupOptions, done: Done): void {
  const key = JSON.stringify([name, options.family, options.hints, options.all, options.order]);
  const others = waiting.get(key);
  if (others) return void others.push(done);
  waiting.set(key, [done]);
  ask(name, options as LookupAllOptions, (error, address, ...family: number[]) => {
    const all = waiting.get(key) ?? [];
    waiting.delete(key);
    for (const each of all) each(error, address, ...family);
  });
}
