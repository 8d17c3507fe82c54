/** A shelf on disk: LevelDB by classic-level, whose binaries come inside its package. */
import { existsSync, readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClassicLevel } from 'classic-level';
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
    if (hasLostItsHead(directory)) throw new Error('Corruption: CURRENT is missing');
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

/** LevelDB takes that for a new store, and deletes what is there. */
function hasLostItsHead(directory: string): boolean {
  if (existsSync(join(directory, 'CURRENT')) || !existsSync(directory)) return false;
  return readdirSync(directory).some(name => /\.(ldb|sst|log)$|^MANIFEST-/.test(name));
}
