/** A shelf on disk: LevelDB by classic-level, whose binaries come inside its package. */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClassicLevel } from 'classic-level';
import { checkTables } from './level-check.js';
import type { Op, Range, Shelf } from './shelf.js';

export class LevelShelf implements Shelf {
  private constructor(
    readonly directory: string,
    private readonly db: ClassicLevel,
  ) {}

  /**
   * What a killed process had half written is left out by LevelDB itself. Throws what `troubleOf` tells apart. Loaded late: a leaf
   * and the command line need none.
   */
  static async open(directory: string): Promise<LevelShelf> {
    // By itself it makes all that is above it too, and on some file systems tries for ever.
    await mkdir(directory).catch(error => {
      if (error.code !== 'EEXIST') throw error;
    });
    const manifest = manifestOf(directory);
    if (manifest !== null) await checkTables(directory, manifest);
    const { ClassicLevel } = await import('classic-level');
    const db = new ClassicLevel(directory);
    await db.open();
    return new LevelShelf(directory, db);
  }

  async write(ops: readonly Op[]): Promise<void> {
    await this.db.batch(ops as Op[]);
  }

  get(key: string): Promise<string | undefined> {
    return this.db.get(key);
  }

  async read({ limit, ...range }: Range): Promise<[string, string][]> {
    return this.db.iterator({ ...range, ...(limit !== undefined && { limit }) }).all();
  }

  close(): Promise<void> {
    return this.db.close();
  }
}

/**
 * Null: it is new. Without CURRENT, LevelDB takes it for that, and deletes what is there; where it names a file that is none of its
 * own, that is an error as when the disk fails.
 */
function manifestOf(directory: string): string | null {
  const names = readdirSync(directory);
  if (!names.includes('CURRENT') && !names.some(name => /\.(ldb|sst|log)$|^MANIFEST-/.test(name)))
    return null;
  const current = names.includes('CURRENT') ? readFileSync(join(directory, 'CURRENT'), 'latin1') : '';
  const named = /^(MANIFEST-\d+)\n$/.exec(current)?.[1];
  if (named === undefined || !names.includes(named))
    throw new Error('Corruption: CURRENT does not name a manifest');
  return named;
}
