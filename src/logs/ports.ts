/** What a reader needs of a store. */
import type { LogStream } from '../core/log-lines.js';
import type { DataFiles } from './data-files.js';
import type { LogIndex } from './log-index.js';

export interface ReadPorts {
  readonly index: LogIndex;
  readonly files: Readonly<Record<LogStream, DataFiles>>;
  /** Resolves when there is more, or when it is cut. */
  grown(cut: AbortSignal): Promise<void>;
}
