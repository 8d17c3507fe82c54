/** What a node is made of, by name and type. */
import type { Logger } from 'pino';
import type { Bridge } from '../../broker/bridge.js';
import type { EmbeddedBroker } from '../../broker/embedded.js';
import type { Link } from '../../broker/link.js';
import type { LocalParent, Parent } from '../../broker/local-parent.js';
import type { Alerts } from '../alerts/alerts.js';
import type { DeadMan } from '../alerts/deadman.js';
import type { Outbox } from '../alerts/outbox.js';
import type { AuditLog } from '../audit/log.js';
import type { NodeSettings } from '../config/settings.js';
import type { AlertsConfig } from '../core/alert.js';
import type { Clock } from '../core/clock.js';
import type { Authenticator } from '../core/principal.js';
import type { Registry } from '../core/registry.js';
import type { Fleet } from '../fleet/fleet.js';
import type { History } from '../history/history.js';
import type { DesiredState } from '../leaf/desired.js';
import type { Order } from '../leaf/first-start.js';
import type { Leaf } from '../leaf/leaf.js';
import type { LeafTarget } from '../leaf/leaf-target.js';
import type { LogStore } from '../logs/store.js';
import type { Installation } from '../node/installation.js';
import type { MaintenanceState } from '../node/maintenance.js';
import type { CommandMemory } from '../node/memory.js';
import type { Front } from '../rest/front.js';
import type { FlowServer } from '../streams/flow-server.js';
import type { LeafLogs } from '../streams/leaf-logs.js';
import type { LogHub } from '../streams/port.js';
import type { CommandAudit } from '../tree/command-audit.js';
import type { Ingest } from '../tree/ingest.js';
import type { Observer } from '../tree/observer.js';
import type { Owed } from '../tree/owed.js';
import type { Roster } from '../tree/roster/roster.js';
import type { Seen } from '../tree/seen.js';
import type { Tree } from '../tree/tree.js';
import { token } from './container.js';
import type { Counts } from './counts.js';
import type { RunAs } from './run-as.js';

export const SETTINGS = token<NodeSettings>('settings');
export const CLOCK = token<Clock>('clock');
export const LOG = token<Logger>('log');
export const INSTALLATION = token<Installation>('installation');
/** Who tells who is at the other end; null: nobody is asked (auth=none). */
export const AUTHENTICATOR = token<Authenticator | null>('authenticator');
/** The environment that the target inherits. */
export const TARGET_ENV = token<NodeJS.ProcessEnv>('target environment');
/** The parent's broker, or its place, where this very process hosts it, else null. */
export const PARENT_BROKER = token<Parent | null>('parent broker');
/** Where children of this process already are before the node's own broker is; null: there are none. */
export const LOCAL_CHILDREN = token<LocalParent | null>('local children');
export const UPLINK = token<Link>('uplink');
export const BROKER = token<EmbeddedBroker>('broker');
export const OWN_LINK = token<Link>('own link');
export const REGISTRY = token<Registry>('registry');
export const INGEST = token<Ingest>('ingest');
/** Events and results that were taken already. */
export const SEEN = token<Seen>('what was seen');
/** What the parent is still to be told of them. */
export const OWED = token<Owed>('owed');
/** The nodes below, on disk. */
export const ROSTER = token<Roster>('roster');
export const TREE = token<Tree>('tree');
/** What happened below; null where none of it is kept. */
export const HISTORY = token<History | null>('history');
/** What changes of the nodes below. */
export const OBSERVER = token<Observer>('observer');
export const BRIDGE = token<Bridge>('bridge');
export const MAINTENANCE = token<MaintenanceState>('maintenance');
/** Who did what, at a node with a broker. */
export const AUDIT = token<AuditLog>('audit log');
/** The same of commands. */
export const COMMAND_AUDIT = token<CommandAudit>('audit of commands');
/** What came about, for the metrics. */
export const COUNTS = token<Counts>('counts');
export const FLEET = token<Fleet>('fleet');
/** What the target of a leaf writes. */
export const LOGS = token<LogStore>('logs');
/** Who the target of a leaf runs as; throws why it can't. */
export const RUN_AS = token<() => RunAs>('run as');
/** Whether it is meant to run. */
export const DESIRED = token<DesiredState>('desired state');
/** What a leaf did about commands. */
export const COMMAND_MEMORY = token<CommandMemory>('commands that were done');
export const TARGET = token<LeafTarget>('target');
export const LEAF = token<Leaf>('leaf');
/** A leaf's place among those of its process; null where it is alone. */
export const ORDER = token<Order | null>('order');
/** What the node itself logs; null where it keeps none. */
export const OWN_LOG = token<LogStore | null>('own log');
/** Logs of this node and of all below it: at every node. */
export const HUB = token<LogHub>('hub');
/** What the parent reads of them. */
export const FLOWS = token<FlowServer>('flows to the parent');
/** What a leaf does about commands that ask for its log. */
export const LEAF_LOGS = token<LeafLogs>('commands about the log');
/** As the alerts file has it at the start. */
export const ALERTS_CONFIG = token<AlertsConfig>('alerts file');
export const ALERTS = token<Alerts>('alerts');
/** What receivers of alerts are still to be told. */
export const OUTBOX = token<Outbox>('outbox of alerts');
export const DEAD_MAN = token<DeadMan>('dead man');
export const REST = token<Front>('rest');
