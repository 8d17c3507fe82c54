/** What a target is, and who keeps what it writes. */
import type { TargetPolicy } from '../core/phases.js';
import type { Output } from '../process/orders.js';

/** Who keeps what a target writes. */
export interface TargetOutput {
  /** The files for one more run, which take it through O_APPEND descriptors, so that the target outlives us. */
  outputs(): Output;
  /** Bytes of a file that the next run does not go on with; null where it is none that a run could go on with unasked. */
  readonly longest: number | null;
  /** Of one that was adopted, too. */
  began(): void;
  /** Nothing of it is left, or it could not be started. */
  ended(): void;
}

/** What it stands on. */
export interface Ground {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Octal. */
  readonly umask?: string;
  /** Programs that prepare the ground for it and become it. */
  readonly before?: readonly string[];
}

export interface TargetSpec {
  readonly words: readonly string[];
  /** Throws while this machine does not have it: asked at each start. */
  readonly ground: () => Ground;
  /** Where the target is recorded, so that a restarted leaf finds it. */
  readonly dataDir: string;
  readonly output: TargetOutput;
  /** Marks its processes as this leaf's. */
  readonly mark: string;
  /** Nothing can bear the mark yet: no look for what an earlier leaf has left. */
  readonly fresh: boolean;
  readonly stopSignal: NodeJS.Signals;
  readonly policy: TargetPolicy;
}
