/** What loading a tree file takes and gives. */

import type { NodeSettings } from './settings.js';
import type { RawNode } from './tree-read.js';

export interface LoadTreeOptions {
  /** Relative to `cwd`. */
  file: string;
  /** Where the targets' `$NAMES` come from; settings in it don't count. */
  env?: NodeJS.ProcessEnv;
  cwd: string;
  /** Path below the top node ('' for that one itself): host only it and the leaves right below. */
  node?: string;
}

export interface TreeNode {
  settings: NodeSettings;
  /** Below the top node of the file; '' for that one. */
  path: string;
  /** null for the top. */
  parentPath: string | null;
  /** Whether this process runs it. */
  hosted: boolean;
  /** Paths of the leaves of this process that must be ready before it is started. */
  needs: readonly string[];
}

/** A node with what messages about it need. */
export interface PlacedNode extends TreeNode {
  raw: RawNode;
  parent: PlacedNode | null;
}
