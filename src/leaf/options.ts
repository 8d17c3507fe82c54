/** What a leaf is made of. */
import type { Link } from '../../broker/link.js';
import type { Allowance } from '../core/allowance.js';
import type { Clock } from '../core/clock.js';
import type { Labels } from '../core/labels.js';
import type { HostFacts } from '../core/node-record.js';
import type { LogStore } from '../logs/store.js';
import type { MaintenanceState } from '../node/maintenance.js';
import type { CommandMemory } from '../node/memory.js';
import type { Plan } from '../node/responder.js';
import type { DesiredState } from './desired.js';
import type { Order } from './first-start.js';
import type { HealthSpec } from './health.js';
import type { LeafTarget } from './leaf-target.js';
import type { LeafFacts } from './reporter.js';

export interface LeafLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface LogHanding {
  /** Of `logs`, `follow` and `unfollow`. */
  readonly plan: Plan;
  /** The log can be read. */
  start(): void;
}

export interface LeafOptions {
  readonly name: string;
  readonly facts: LeafFacts;
  /** Begun before the leaf is started. */
  readonly target: LeafTarget;
  /** Keeps what the target writes. */
  readonly logs: LogStore;
  readonly health: HealthSpec;
  /** Its place among the leaves of this process; null: it needs nobody, and nobody needs it. */
  readonly order: Order | null;
  /** Hands the log on to whoever asks for it. */
  readonly handing: LogHanding;
  readonly link: Link;
  /** What its machine's owner lets others do. */
  readonly allow: Allowance;
  readonly desired: DesiredState;
  readonly maintenance: MaintenanceState;
  readonly labels: Labels;
  /** It is forgotten after a clean goodbye. */
  readonly ephemeral: boolean;
  /** Whether this end is the beginning of a restart: milliseconds in which it means to be back, else null. */
  readonly restarting: () => number | null;
  readonly host: HostFacts;
  readonly memory: CommandMemory;
  readonly clock: Clock;
  readonly log: LeafLog;
}
