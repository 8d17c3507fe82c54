/**
 * Directories of leaves, made on other threads while this one has other things to do: on a disk that is slow with new ones they
 * are most of the start of many.
 */
import { mkdir } from 'node:fs/promises';
import type { TreeNode } from '../config/tree-file.js';
import { logDirOf } from './logs.js';

/** Each resolves when it is done for that leaf. What goes wrong is told by who needs the directory. */
export function makeAhead(leaves: readonly TreeNode[]): Promise<void>[] {
  return leaves.map(async ({ settings: { dataDir } }) => {
    for (const path of [dataDir, logDirOf(dataDir)]) await mkdir(path).catch(() => {});
  });
}
