/** The one table of settings: types, checks, names, messages and the README's table all come from it. */

import type { Static } from 'typebox';
import type { Allowance } from '../core/allowance.js';
import type { Labels } from '../core/labels.js';
import type { BrokerAddress } from './address.js';
import { ALLOW } from './groups/allow.js';
import { BALANCING, PLAIN_BALANCING } from './groups/balancing.js';
import { BOUNDS, PLAIN_BOUNDS } from './groups/bounds.js';
import { HISTORY } from './groups/history.js';
import { LIMITS } from './groups/limits.js';
import { LISTENERS, PLAIN_LISTENERS } from './groups/listeners.js';
import { LOGS } from './groups/logs.js';
import { ORDER } from './groups/order.js';
import { OWN_LOG, PLAIN_OWN_LOG } from './groups/own-log.js';
import { PLACE } from './groups/place.js';
import { PROBE_SETTINGS } from './groups/probes.js';
import { PLAIN_REST_LIMITS, REST_LIMITS } from './groups/rest-limits.js';
import { PLAIN_RESTARTS, RESTARTS } from './groups/restarts.js';
import { PLAIN_RUN_AS, RUN_AS } from './groups/run-as.js';
import { PLAIN_SECURITY, SECURITY } from './groups/security.js';
import type { Role, Setting } from './groups/setting.js';
import { PLAIN_TARGET, TARGET } from './groups/target.js';
import type { Probes } from './probes.js';

export type { Role, Setting } from './groups/setting.js';

export const SETTINGS = {
  ...PLACE,
  ...LISTENERS,
  ...BOUNDS,
  ...REST_LIMITS,
  ...HISTORY,
  ...TARGET,
  ...ALLOW,
  ...RUN_AS,
  ...RESTARTS,
  ...PROBE_SETTINGS,
  ...LIMITS,
  ...LOGS,
  ...ORDER,
  ...BALANCING,
  ...SECURITY,
  ...OWN_LOG,
} as const;

type Table = typeof SETTINGS;
export type SettingKey = keyof Table;
export type Value<K extends SettingKey> = Static<Table[K]['schema']>;
/** What was given, checked one by one; a key left out was not given. */
export type Values = { [K in SettingKey]?: Value<K> };

export const PARENT_KEYS = ['parent_host', 'parent_port', 'parent_url'] as const;

/** The settings that a node takes as they stand, given or by default. */
export const PLAIN = [
  ...PLAIN_LISTENERS,
  ...PLAIN_BOUNDS,
  ...PLAIN_REST_LIMITS,
  ...PLAIN_TARGET,
  ...PLAIN_RUN_AS,
  ...PLAIN_RESTARTS,
  ...PLAIN_BALANCING,
  ...PLAIN_SECURITY,
  ...PLAIN_OWN_LOG,
] as const satisfies readonly SettingKey[];

export type Camel<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : S;
export type PlainSettings = { [K in (typeof PLAIN)[number] as Camel<K>]: Value<K> };

/** As it was written, each null where it was not: only the machine that hosts the leaf knows what it means there. */
export interface RunAsSettings {
  cwd: string | null;
  user: string | null;
  umask: string | null;
  nice: number | null;
  env: Record<string, string>;
  envFile: { path: string; optional: boolean } | null;
}

/** Paths are absolute; null where the default, below the data directory, is meant. */
export interface SecuritySettings {
  readonly listen: readonly BrokerAddress[];
  readonly cert: string | null;
  readonly key: string | null;
  readonly ca: string | null;
  readonly parentCa: string | null;
  readonly uplinkCert: string | null;
  readonly uplinkKey: string | null;
  readonly secretFile: string | null;
}

/** All that a node must know to start. Durations in seconds, sizes in bytes, paths absolute. */
export interface NodeSettings extends PlainSettings {
  role: Role;
  name: string;
  /** null on a root or relay. */
  appName: string | null;
  /** `mqtt://host:port`, mqtts, ws or wss; null on a root. */
  parentUrl: string | null;
  /** Origins whose pages may use REST. */
  corsOrigins: string[];
  /** null where the node serves no REST. */
  rest: { host: string; port: number } | null;
  /** null on a root or relay. */
  target: { words: string[]; text: string } | null;
  runAs: RunAsSettings;
  /** Of a leaf. */
  allow: Allowance;
  dataDir: string;
  /** null is stdout. */
  logFile: string | null;
  stopSignal: NodeJS.Signals;
  exitCodes: number[];
  labels: Labels;
  hostName: string;
  probes: Probes;
  /** Bytes; null is no limit. */
  memory: { warn: number | null; max: number | null };
  /** Of a leaf's target. */
  logs: {
    /** Bytes. */
    maxBytes: number;
    segmentBytes: number;
    /** Null is no limit. */
    maxAgeMs: number | null;
    capture: 'auto' | 'files' | 'fifos';
  };
  /** Null where none is kept. */
  history: { maxBytes: number; maxAgeMs: number } | null;
  security: SecuritySettings;
  /** As they were written; a tree knows which leaves they mean. */
  needs: string[];
}

export const SETTING_KEYS = Object.keys(SETTINGS) as SettingKey[];
export const isSettingKey = (key: string): key is SettingKey => Object.hasOwn(SETTINGS, key);
export const settingOf = (key: SettingKey): Setting => SETTINGS[key];
