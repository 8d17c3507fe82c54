/**
 * A step of the build: V8 keeps the text of a program as long as that runs, and with two bytes for every letter where a
 * single one of them needs two. Only texts and regular expressions hold such letters here, and they can be escaped.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const inOneByte = (source: string): string =>
  source.replace(/[^\0-\x7f]/g, letter => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);

const folder = process.argv[2];
if (folder !== undefined && import.meta.filename === process.argv[1]) {
  for (const name of readdirSync(folder).filter(each => each.endsWith('-part.cjs') || each === 'entry.cjs')) {
    const file = join(folder, name);
    writeFileSync(file, inOneByte(readFileSync(file, 'utf8')));
  }
}
