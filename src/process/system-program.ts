/** Programs of the system that prepare the ground for a target: found without the PATH, which may be anybody's. */
import { existsSync } from 'node:fs';

const FOLDERS = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin'];

/** Null where there is none. */
export const systemProgram = (name: string): string | null =>
  FOLDERS.map(folder => `${folder}/${name}`).find(file => existsSync(file)) ?? null;
