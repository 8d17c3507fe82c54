/** What makes a node the same one after a restart: kept in its data directory. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Installation {
  /** Random, made once; tells a restarted node from a second one of the same name. */
  readonly instance: string;
  /** Milliseconds since the Unix epoch at this start; higher than at any earlier one, whatever the clock did. */
  readonly epoch: number;
  /** Made by this very start: nothing that bears its mark can have been left by an earlier one. */
  readonly fresh: boolean;
}

type Kept = Omit<Installation, 'fresh'>;

const FILE = 'installation.json';

/** Opens the installation for one more start. A file that can't be read is begun anew: only order is lost, not safety. */
export async function openInstallation(dataDir: string, now: number): Promise<Installation> {
  await mkdir(dataDir, { recursive: true });
  const file = join(dataDir, FILE);
  const before = parse(await readFile(file, 'utf8').catch(() => ''));
  const kept: Kept = {
    instance: before?.instance ?? randomBytes(8).toString('hex'),
    epoch: Math.max(now, (before?.epoch ?? 0) + 1),
  };
  await writeFile(`${file}.new`, JSON.stringify(kept));
  await rename(`${file}.new`, file);
  return { ...kept, fresh: before === null };
}

function parse(text: string): Kept | null {
  try {
    const found = JSON.parse(text) as Partial<Kept>;
    const legal = /^[0-9a-f]{16}$/.test(found.instance ?? '') && Number.isSafeInteger((found.epoch ?? 0) + 2);
    return legal ? (found as Kept) : null;
  } catch {
    return null;
  }
}
