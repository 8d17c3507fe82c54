/** Looks a host name up, once at a time: it can't be called off, and four that hang would block every file of ours. */
import { lookup as ask, type LookupAddress, type LookupAllOptions, type LookupOptions } from 'node:dns';

type Done = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;
const underWay = new Set<string>();

/** For the `lookup` of node:net: fails with `EBUSY` while the last look-up of that name has no answer yet. */
export function lookup(name: string, options: LookupOptions, done: Done): void {
  if (underWay.has(name)) {
    const busy = Object.assign(new Error(`${name} is still being looked up`), { code: 'EBUSY' });
    return process.nextTick(done, busy, []);
  }
  underWay.add(name);
  ask(name, options as LookupAllOptions, (error, address, ...family: number[]) => {
    underWay.delete(name);
    done(error, address, ...family);
  });
}
