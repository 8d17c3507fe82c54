/** What is put aside: files that can't be read, and messages that the parent does not take. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Message } from '../../broker/link.js';
import type { News } from './news.js';
import { encode, HEADER } from './record.js';

/** Files that are kept. */
const MOST_ASIDE = 4;

/** Keeps a message in a file of its own. */
export function setAside(dir: string, now: number, message: Message): News {
  const file = join(dir, `refused.bad-${now}`);
  let kept = `it is kept as ${file}`;
  try {
    writeFileSync(file, Buffer.concat([HEADER, encode(message)]));
    forgetOld(dir);
  } catch (error) {
    kept = `it could not be kept (${(error as Error).message})`;
  }
  const what = `${message.payload.length} bytes on ${JSON.stringify(message.topic.slice(0, 200))}`;
  const reason = `the parent ends the connection whenever it is sent ${what}: ${kept}`;
  return { code: 'spool-refused', reason, count: 1 };
}

export function forgetOld(dir: string): void {
  const aside = readdirSync(dir).filter(name => /\.bad-\d+$/.test(name));
  const byTime = aside.toSorted((a, b) => timeOf(b) - timeOf(a));
  for (const name of byTime.slice(MOST_ASIDE)) rmSync(join(dir, name), { force: true, recursive: true });
}
const timeOf = (name: string): number => Number(/(\d+)$/.exec(name)?.[1]);
