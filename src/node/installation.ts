/** What makes a node the same one after a restart: kept in its data directory. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Installation {
  /** Random, made once; tells a restarted node from a second one of the same name. */
  readonly instance: string;
  /** Milliseconds since the Unix epoch at this start; higher than at any earlier one, whatever the clock did. */
  readonly epoch: number;
}

const FILE = 'installation.json';

/** Opens the installation for one more start. A file that can't be read is begun anew: only order is lost, not safety. */
export async function openInstallation(dataDir: string, now: number): Promise<Installation> {
  await mkdir(dataDir, { recursive: true });
  const file = join(dataDir, FILE);
  const before = parse(await readFile(file, 'utf8').catch(() => ''));
  const opened: Installation = {
    instance: before?.instance ?? randomBytes(8).toString('hex'),
    epoch: Math.max(now, (before?.epoch ?? 0) + 1),
  };
  await writeFile(`${file}.new`, JSON.stringify(opened));
  await rename(`${file}.new`, file);
  return opened;
}

function parse(text: string): Installation | null {
  try {
    const found = JSON.parse(text) as Partial<Installation>;
    const legal = /^[0-9a-f]{16}$/.test(found.instance ?? '') && Number.isSafeInteger((found.epoch ?? 0) + 2);
    return legal ? (found as Installation) : null;
  } catch {
    return null;
  }
}
