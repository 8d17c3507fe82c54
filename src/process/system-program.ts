/** Programs of the system that prepare the ground for a target: found without the PATH, which may be anybody's. */
import { existsSync } from 'node:fs';

const FOLDERS = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin'];

const found = new Map<string, string | null>();

/** Its file, looked for once; null where there is none. */
export function systemProgram(name: string): string | null {
  if (!found.has(name)) found.set(name, fileOf(name));
  return found.get(name) ?? null;
}

const fileOf = (name: string): string | null =>
  FOLDERS.map(folder => `${folder}/${name}`).find(file => existsSync(file)) ?? null;
