/** What a leaf runs, and how. */
import type { TargetPolicy } from '../core/phases.js';

export interface TargetSpec {
  /** No leaf of this data directory ran before: nothing can be left of a target. */
  readonly isFirst?: boolean;
  /** Why it can't be run here at all, whatever is tried. */
  readonly problem?: string;
  readonly words: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Octal. */
  readonly umask?: string;
  /** Programs that prepare the ground for it and become it. */
  readonly before?: readonly string[];
  /** Where the target is recorded, so that a restarted leaf finds it. */
  readonly dataDir: string;
  /** Takes stdout and stderr through an O_APPEND descriptor, so that the target outlives us. */
  readonly outputFile: string;
  /** Marks its processes as this leaf's. */
  readonly mark: string;
  readonly stopSignal: NodeJS.Signals;
  readonly policy: TargetPolicy;
}
