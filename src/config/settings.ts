/** The one table of settings: types, checks, names, messages and the README's table all come from it. */

import type { Static, TSchema } from 'typebox';
import * as is from './schemas.js';

export type Role = 'root' | 'relay' | 'leaf';
export type Group = 'node' | 'parent' | 'broker' | 'rest' | 'health' | 'target' | 'own log';

/** One setting. `unit` is seconds (s) or bytes; `computed` says in words what stands in for a fixed default. */
export interface Setting<S extends TSchema = TSchema> {
  group: Group;
  roles: readonly Role[];
  schema: S;
  fallback: Static<S> | null;
  computed?: string;
  unit?: 's' | 'bytes';
  /** Names one node, so that `defaults` of a tree can't hold it. */
  single?: true;
  about: string;
}

const define = <S extends TSchema>(setting: Setting<S>): Setting<S> => setting;
const ALL = ['root', 'relay', 'leaf'] as const;
const BROKERS = ['root', 'relay'] as const;
const BELOW = ['relay', 'leaf'] as const;
const LEAF = ['leaf'] as const;

export const SETTINGS = {
  role: define({
    group: 'node',
    roles: ALL,
    schema: is.choice('root', 'relay', 'leaf'),
    fallback: null,
    computed: 'from the rest',
    single: true,
    about:
      'What the node is. Left out: a leaf if is_leaf is true, a root if no parent is given, else a relay.',
  }),
  is_leaf: define({
    group: 'node',
    roles: ALL,
    schema: is.flag(),
    fallback: null,
    computed: 'from the role',
    single: true,
    about: 'True only on a leaf; does instead of role=leaf.',
  }),
  name: define({
    group: 'node',
    roles: ALL,
    schema: is.nodeName(),
    fallback: null,
    computed: 'a leaf: its app_name; the root: root',
    single: true,
    about: "The node's segment of the path.",
  }),
  app_name: define({
    group: 'node',
    roles: LEAF,
    schema: is.text('a name of 1 to 128 characters', 128),
    fallback: null,
    computed: 'the name',
    about: 'The human-readable name of the service monitored; several leaves may share it.',
  }),
  parent_host: define({
    group: 'parent',
    roles: BELOW,
    schema: is.host(),
    fallback: '127.0.0.1',
    single: true,
    about: 'Where the broker of the immediate parent is.',
  }),
  parent_port: define({
    group: 'parent',
    roles: BELOW,
    schema: is.remotePort(),
    fallback: 1883,
    single: true,
    about: 'The port of that broker.',
  }),
  parent_url: define({
    group: 'parent',
    roles: BELOW,
    schema: is.text('mqtt://host:port', 512),
    fallback: null,
    single: true,
    about: 'Instead of the two above. mqtts, ws and wss are not supported yet.',
  }),
  host: define({
    group: 'broker',
    roles: BROKERS,
    schema: is.host(),
    fallback: '127.0.0.1',
    about: 'The address on which the broker of this node listens.',
  }),
  port: define({
    group: 'broker',
    roles: BROKERS,
    schema: is.listenPort(),
    fallback: 1883,
    about: 'The port on which it listens; 0 takes any free one.',
  }),
  max_packet: define({
    group: 'broker',
    roles: BROKERS,
    schema: is.wholeNumber(1024, 268_435_455),
    fallback: 262_144,
    unit: 'bytes',
    about: 'The largest MQTT packet that the broker takes.',
  }),
  max_clients: define({
    group: 'broker',
    roles: BROKERS,
    schema: is.wholeNumber(1, 1_000_000),
    fallback: 10_000,
    about: 'How many clients the broker takes at a time.',
  }),
  rest_host: define({
    group: 'rest',
    roles: BROKERS,
    schema: is.host(),
    fallback: '127.0.0.1',
    about:
      'The address of the REST listener: always on at a root, on a relay where this or rest_port is set.',
  }),
  rest_port: define({
    group: 'rest',
    roles: BROKERS,
    schema: is.listenPort(),
    fallback: 8004,
    about: 'The port of the REST listener; 0 takes any free one.',
  }),
  hb_interval: define({
    group: 'health',
    roles: ALL,
    schema: is.seconds(),
    fallback: 3,
    unit: 's',
    about: 'Time between two heartbeats.',
  }),
  timeout: define({
    group: 'health',
    roles: BROKERS,
    schema: is.seconds(),
    fallback: 10,
    unit: 's',
    about:
      'Time without a heartbeat after which a child is lost. Must be above the highest hb_interval of its children, better twice that.',
  }),
  target: define({
    group: 'target',
    roles: LEAF,
    schema: is.text('a command', 131_072),
    fallback: null,
    computed: 'none: must be given',
    single: true,
    about:
      "The command to run, split as a shell would: quotes, backslashes and $VARIABLES work. No shell runs unless asked for: sh -c '…'.",
  }),
  stop_signal: define({
    group: 'target',
    roles: LEAF,
    schema: is.signal(),
    fallback: 'TERM',
    about: 'The signal that asks the target to end.',
  }),
  stop_grace: define({
    group: 'target',
    roles: LEAF,
    schema: is.seconds(),
    fallback: 10,
    unit: 's',
    about: 'Time that the target has to end before it is killed.',
  }),
  restart: define({
    group: 'target',
    roles: LEAF,
    schema: is.choice('always', 'on-failure', 'never'),
    fallback: 'always',
    about: 'Whether a target that ended by itself is started again.',
  }),
  backoff_min: define({
    group: 'target',
    roles: LEAF,
    schema: is.seconds(),
    fallback: 1,
    unit: 's',
    about: 'The first wait before a restart; it doubles with each that follows.',
  }),
  backoff_max: define({
    group: 'target',
    roles: LEAF,
    schema: is.seconds(),
    fallback: 30,
    unit: 's',
    about: 'The longest wait before a restart.',
  }),
  settle_time: define({
    group: 'target',
    roles: LEAF,
    schema: is.seconds(),
    fallback: 10,
    unit: 's',
    about: 'Time that a target has to run for its start to count as a success and the wait to begin anew.',
  }),
  exit_codes: define({
    group: 'target',
    roles: LEAF,
    schema: is.exitCodes(),
    fallback: '0',
    about: 'Exit codes that count as a success.',
  }),
  start_seconds: define({
    group: 'target',
    roles: LEAF,
    schema: is.secondsOrNone(),
    fallback: 1,
    unit: 's',
    about: 'A target that ends sooner after its start has failed, whatever its exit code.',
  }),
  max_restarts: define({
    group: 'target',
    roles: LEAF,
    schema: is.wholeNumber(0, 1_000_000),
    fallback: 10,
    about: 'Restarts within restart_window before at_limit applies; 0 is no limit.',
  }),
  restart_window: define({
    group: 'target',
    roles: LEAF,
    schema: is.seconds(),
    fallback: 60,
    unit: 's',
    about: 'The time over which max_restarts counts.',
  }),
  at_limit: define({
    group: 'target',
    roles: LEAF,
    schema: is.choice('delay', 'fail'),
    fallback: 'delay',
    about: 'At max_restarts: go on after backoff_max each time, or give up until an operator starts it.',
  }),
  on_exit: define({
    group: 'target',
    roles: LEAF,
    schema: is.choice('stop', 'keep'),
    fallback: 'stop',
    about:
      'What TERM to the leaf means for its target. Kept, it is adopted by the next leaf of this data directory; canopy stop and Ctrl-C stop it all the same.',
  }),
  data_dir: define({
    group: 'own log',
    roles: ALL,
    schema: is.text('a directory'),
    fallback: null,
    computed: '`./data/<name>`',
    about: "Where the node keeps its state and the target's output.",
  }),
  log_file: define({
    group: 'own log',
    roles: ALL,
    schema: is.text('a file'),
    fallback: null,
    computed: 'stdout',
    about: "Where the node's own log goes.",
  }),
  log_level: define({
    group: 'own log',
    roles: ALL,
    schema: is.choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    fallback: 'info',
    about: "The least that the node's own log holds.",
  }),
  silent: define({
    group: 'own log',
    roles: ALL,
    schema: is.flag(),
    fallback: false,
    about: 'True: the node logs nothing.',
  }),
} as const;

type Table = typeof SETTINGS;
export type SettingKey = keyof Table;
export type Value<K extends SettingKey> = Static<Table[K]['schema']>;
/** What was given, checked one by one; a key left out was not given. */
export type Values = { [K in SettingKey]?: Value<K> };

export const PARENT_KEYS = ['parent_host', 'parent_port', 'parent_url'] as const;

/** The settings that a node takes as they stand, given or by default. */
export const PLAIN = [
  'host',
  'port',
  'hb_interval',
  'timeout',
  'silent',
  'log_level',
  'stop_grace',
  'restart',
  'backoff_min',
  'backoff_max',
  'settle_time',
  'start_seconds',
  'max_restarts',
  'restart_window',
  'at_limit',
  'on_exit',
  'max_packet',
  'max_clients',
] as const satisfies readonly SettingKey[];

export type Camel<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : S;
export type PlainSettings = { [K in (typeof PLAIN)[number] as Camel<K>]: Value<K> };

/** All that a node must know to start. Durations in seconds, sizes in bytes, paths absolute. */
export interface NodeSettings extends PlainSettings {
  role: Role;
  name: string;
  /** null on a root or relay. */
  appName: string | null;
  /** `mqtt://host:port`; null on a root. */
  parentUrl: string | null;
  /** null where the node serves no REST. */
  rest: { host: string; port: number } | null;
  /** null on a root or relay. */
  target: { words: string[]; text: string } | null;
  dataDir: string;
  /** null is stdout. */
  logFile: string | null;
  stopSignal: NodeJS.Signals;
  exitCodes: number[];
}

export const SETTING_KEYS = Object.keys(SETTINGS) as SettingKey[];
export const isSettingKey = (key: string): key is SettingKey => Object.hasOwn(SETTINGS, key);
export const settingOf = (key: SettingKey): Setting => SETTINGS[key];
