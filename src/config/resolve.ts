/** From single values to the settings of one node: what they mean together, and where they contradict. */

import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { parseAllowance } from '../core/allowance.js';
import { parseLabels } from '../core/labels.js';
import { isName, NAME_RULE } from '../core/names.js';
import { type BrokerAddress, brokerUrl, parseBrokerUrl } from './address.js';
import { alertsOf } from './alerts.js';
import { checkDurations, checkFlapping } from './durations.js';
import { checkedValues, type GivenSettings } from './given.js';
import { healthOf } from './health.js';
import { historyOf } from './history.js';
import { checkAddresses, checkExposure } from './listening.js';
import { logsOf } from './logs.js';
import { type Findings, shown } from './problems.js';
import { runAsOf } from './run-as.js';
import { fullSignalName, originList } from './schemas.js';
import { checkUplink, securityOf } from './security.js';
import type { NodeSettings, Role, SettingKey, Values } from './settings.js';
import * as table from './settings.js';
import { splitTarget } from './target.js';

/** The settings of one node as they were written, and what its surroundings say of it. */
export interface Source {
  given: GivenSettings;
  /** Of these, what was given to this very node; all of them, where there are no defaults. */
  own?: GivenSettings;
  /** The key as this kind of file spells it. */
  spell(key: SettingKey): string;
  /** Where messages point for a key that was not given. */
  place(key: SettingKey): string;
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** Known from the place in a tree. */
  role?: Role;
  parent?: BrokerAddress;
  dataDir?: string;
}

/** One node being resolved. */
interface Case {
  source: Source;
  values: Values;
  role: Role;
  findings: Findings;
}

/** Null where not even the role is known; what it returns with a problem reported is not to be used. */
export function resolveNode(source: Source, findings: Findings): NodeSettings | null {
  const values = checkedValues(source.given, findings);
  const role = decideRole(source, values);
  if (!role) return null;
  const node: Case = { source, values, role, findings };
  checkRole(node);
  const name = nameOf(node);
  const parent = parentOf(node);
  const rest = restOf(node);
  const settings: NodeSettings = {
    ...plainSettings(values),
    role,
    name,
    appName: role === 'leaf' ? (values.app_name ?? name) : null,
    parentUrl: parent && brokerUrl(parent),
    corsOrigins: originList(values.cors_origins),
    rest,
    target: role === 'leaf' ? targetOf(node) : null,
    runAs: runAsOf(source, values, findings),
    allow: values.allow === undefined ? null : parseAllowance(values.allow),
    dataDir: resolve(source.cwd, values.data_dir ?? source.dataDir ?? `./data/${name}`),
    logFile: values.log_file === undefined ? null : resolve(source.cwd, values.log_file),
    stopSignal: fullSignalName(values.stop_signal ?? table.SETTINGS.stop_signal.fallback ?? '') ?? 'SIGTERM',
    exitCodes: (values.exit_codes ?? table.SETTINGS.exit_codes.fallback ?? '0').split(',').map(Number),
    labels: parseLabels(values.labels ?? '') ?? {},
    hostName: values.host_name ?? hostname(),
    ...healthOf(source, values, findings),
    logs: logsOf(source, values, findings),
    history: historyOf(source, values, rest !== null, findings),
    security: securityOf(source, values, findings),
    ...alertsOf(source.cwd, values),
    needs: (values.needs ?? '').split(/[\s,]+/).filter(Boolean),
  };
  checkDurations(node, settings);
  checkFlapping(node, settings);
  checkAddresses(source, settings, source.parent ? null : parent, findings);
  checkExposure(source, settings, findings);
  if (parent && !source.parent) checkUplink(source, parent, findings);
  return settings;
}

function decideRole({ role, given }: Source, values: Values): Role | null {
  if (role) return role;
  const wrong = (['role', 'is_leaf'] as const).some(key => given.has(key) && values[key] === undefined);
  if (wrong) return null;
  const hasParent = table.PARENT_KEYS.some(key => given.has(key));
  return values.role ?? (values.is_leaf ? 'leaf' : hasParent ? 'relay' : 'root');
}

function checkRole({ source, values, role, findings }: Case): void {
  for (const [key, { text, where }] of source.given) {
    const { roles } = table.settingOf(key);
    const contradicts =
      (key === 'role' && values.role !== undefined && values.role !== role) ||
      (key === 'is_leaf' && values.is_leaf !== undefined && values.is_leaf !== (role === 'leaf'));
    if (contradicts) findings.add('conflict', where, `what fits a ${role}`, shown(text));
    if (!roles.includes(role)) {
      const whose = roles.map(word => `a ${word}`).join(' or ');
      findings.add('not-for-role', where, `it only on ${whose}`, `it on a ${role}: ${shown(text)}`);
    }
  }
}

function nameOf({ source, values, role, findings }: Case): string {
  if (values.name !== undefined) return values.name;
  const fallback = { leaf: values.app_name, root: 'root', relay: undefined }[role];
  if (fallback !== undefined && isName(fallback)) return fallback;
  if (source.given.has('name')) return '?';
  const found =
    fallback === undefined ? 'none' : `only ${source.spell('app_name')} ${shown(fallback)}, which is none`;
  findings.add('missing', source.place('name'), `a name: ${NAME_RULE}`, found);
  return '?';
}

function parentOf({ source, values, role, findings }: Case): BrokerAddress | null {
  if (role === 'root') return null;
  if (source.parent) return source.parent;
  const url = source.given.get('parent_url');
  const parent: BrokerAddress = {
    scheme: source.given.has('parent_ca') ? 'mqtts' : 'mqtt',
    path: '',
    host: values.parent_host ?? table.SETTINGS.parent_host.fallback ?? '',
    port: values.parent_port ?? table.SETTINGS.parent_port.fallback ?? 0,
  };
  if (!url) return parent;
  const beside = table.PARENT_KEYS.filter(key => key !== 'parent_url' && source.given.has(key)).map(
    source.spell,
  );
  if (beside.length > 0)
    findings.add('conflict', url.where, 'the parent given once', `${beside.join(' and ')} as well`);
  const parsed = values.parent_url === undefined ? parent : parseBrokerUrl(values.parent_url);
  if (typeof parsed !== 'string') return parsed;
  findings.add('invalid-value', url.where, parsed, shown(url.text));
  return parent;
}

function restOf({ source, values, role }: Case): NodeSettings['rest'] {
  const asked = source.given.has('rest_host') || source.given.has('rest_port');
  if (role === 'leaf' || (role === 'relay' && !asked)) return null;
  return {
    host: values.rest_host ?? table.SETTINGS.rest_host.fallback ?? '',
    port: values.rest_port ?? table.SETTINGS.rest_port.fallback ?? 0,
  };
}

function targetOf({ source, values, findings }: Case): NodeSettings['target'] {
  const given = source.given.get('target');
  if (!given) findings.add('missing', source.place('target'), 'the command that the leaf runs', 'none');
  if (!given || values.target === undefined) return null;
  if (values.shell) return { words: ['/bin/sh', '-c', values.target], text: values.target };
  const split = splitTarget(values.target, source.env);
  if ('words' in split) return { words: split.words, text: values.target };
  findings.add('invalid-value', given.where, split.problem, shown(given.text));
  return null;
}

/** Each with its name among the settings of a node: `host_name` is `hostName`. */
const CAMEL = table.PLAIN.map(
  key => [key, key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())] as const,
);

function plainSettings(values: Values): table.PlainSettings {
  const plain: Record<string, unknown> = {};
  for (const [key, name] of CAMEL) plain[name] = values[key] ?? table.SETTINGS[key].fallback;
  return plain as table.PlainSettings;
}
