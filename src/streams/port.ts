/** How any room reads the log of a node below, however many hops away: the face of the hub. */
import type { LogSource } from '../core/log-lines.js';

export interface LogChoice {
  /** The node's own log instead of that of its target. */
  readonly self?: boolean;
  /**
   * Where the node can't be reached, or is not known yet, its log begins when it can be, instead of throwing
   * `node-unreachable` or `not-found`.
   */
  readonly wait?: boolean;
}

export interface LogHub {
  /**
   * The log of the node at `path` as this node sees it, '' itself (which has only its own: `self`). Costs nothing until it is
   * read. Followers of one log share one stream; it goes on by itself after a restart of any node on the way, with no line
   * twice and none missing but what a gap says. Beside what LogSource says, reading throws `unsupported-op` for a node that
   * has no such log, `too-many-streams`, and `forgotten` where the node was while it was read, waited for or not.
   */
  source(path: string, choice?: LogChoice): LogSource;
}
