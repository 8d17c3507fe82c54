/** Programs that tests run against, and the Debian packages that bring them. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export const PARTS = {
  mosquitto: 'mosquitto',
  mosquitto_pub: 'mosquitto-clients',
  mosquitto_sub: 'mosquitto-clients',
  busybox: 'busybox',
  faketime: 'faketime',
} as const;
export type Part = keyof typeof PARTS;

const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];

/** Where a program is; null where it is not installed. */
export function find(program: string): string | null {
  return folders.map(folder => join(folder, program)).find(file => existsSync(file)) ?? null;
}

export const missingParts = (): Part[] =>
  (Object.keys(PARTS) as Part[]).filter(program => find(program) === null);

/** For a test's `skip`: false where all are there, else what to install. With CI=true nothing is skipped. */
export function skipWithout(...programs: Part[]): string | false {
  const missing = programs.filter(program => find(program) === null);
  if (missing.length === 0 || process.env.CI === 'true') return false;
  return `needs ${missing.join(', ')}: install ${missing.map(program => PARTS[program]).join(' ')}`;
}
