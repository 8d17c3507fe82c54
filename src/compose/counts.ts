/** What is counted at a node with a broker, for its metrics. */
import { Tally } from '../core/tally.js';

export class Counts {
  /** Heartbeats that were taken from nodes below. */
  heartbeats = 0;
  /** Crossed limits, by limit. */
  readonly limits = new Tally();
  /** Attempts to prove who one is: `rest ok`, `mqtt bad-credentials`, … */
  readonly authentications = new Tally();
  /** REST answers by status. */
  readonly answers = new Tally();
}
