/** One node from its .env file and the environment. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'dotenv';
import { type Given, nearest, settingNamed } from './given.js';
import { Findings, shown } from './problems.js';
import { resolveNode } from './resolve.js';
import { type NodeSettings, SETTING_KEYS, type SettingKey } from './settings.js';

export interface LoadOptions {
  /** Relative to `cwd`; left out, the environment has it all. */
  file?: string;
  env: NodeJS.ProcessEnv;
  cwd: string;
}

export interface LoadedNode {
  settings: NodeSettings;
  warnings: string[];
  /** The environment, with what the file adds to it: what the target was split with and should run with. */
  env: NodeJS.ProcessEnv;
}

const PREFIX = 'CANOPY_';
/** Known, but none of a node's settings: the command line's, and what marks a target where that is a node itself. */
export const OTHERS = ['CANOPY_URL', 'CANOPY_CA', 'CANOPY_TOKEN', 'CANOPY_TOKEN_FILE', 'CANOPY_TARGET_OF'];
export const envName = (key: SettingKey): string => PREFIX + key.toUpperCase();
const KNOWN = [...SETTING_KEYS.map(envName), ...OTHERS];

/**
 * The environment wins over the file. An empty value counts as not given, in both: containers often pass one for
 * a variable that nobody set.
 * @throws ConfigError that lists every problem
 */
export function loadNode({ file, env, cwd }: LoadOptions): LoadedNode {
  const findings = new Findings();
  checkGiven(file, env, findings);
  const fromFile = file === undefined ? {} : readEnvFile(file, cwd, findings);
  findings.throwIfAny();
  const merged = { ...fromFile, ...withoutEmpty(env) };
  const given = new Map([
    ...givenIn(fromFile, file ?? '', findings),
    ...givenIn(env, 'environment', findings),
  ]);
  const needs = given.get('needs');
  if (needs)
    findings.add(
      'conflict',
      needs.where,
      'it in a tree file, among leaves of one process',
      shown(needs.text),
    );
  const settings = resolveNode({ given, spell: envName, place: envName, env: merged, cwd }, findings);
  findings.throwIfAny();
  if (!settings) throw new Error('a node without settings must have a problem');
  return { settings, warnings: findings.warnings, env: merged };
}

/** Nothing at all would be a root on the default ports: hardly what was meant. */
function checkGiven(file: string | undefined, env: NodeJS.ProcessEnv, findings: Findings): void {
  const given = Object.keys(env).some(name => name.startsWith(PREFIX) && !OTHERS.includes(name));
  if (file === undefined && !given)
    findings.add('missing', 'settings', 'a .env file, or CANOPY_ variables in the environment', 'neither');
  if (file !== undefined && /\.ya?ml$/i.test(file))
    findings.add('syntax', file, 'a .env file of one node', `a tree file: npx canopy up ${file}`);
  findings.throwIfAny();
}

function readEnvFile(file: string, cwd: string, findings: Findings): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(resolve(cwd, file), 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    findings.add('unreadable', file, 'a file of settings', code === 'ENOENT' ? 'no such file' : message);
    return {};
  }
  const variables = parse(text);
  // dotenv passes over a line that it can't read.
  text.split(/\r?\n/).forEach((line, index) => {
    const key = /^\s*(?:export\s+)?(CANOPY_\w*)/i.exec(line)?.[1];
    if (key && !(key in variables))
      // The name alone: the rest may be a secret.
      findings.add('syntax', `${file}:${index + 1}`, 'NAME=value', JSON.stringify(`${key} …`));
  });
  return variables;
}

function givenIn(variables: NodeJS.ProcessEnv, place: string, findings: Findings): [SettingKey, Given][] {
  const found: [SettingKey, Given][] = [];
  for (const [name, text] of Object.entries(variables)) {
    if (!name.toUpperCase().startsWith(PREFIX) || OTHERS.includes(name)) continue;
    const where = `${name} (${place})`;
    const key = KNOWN.includes(name) ? settingNamed(name.slice(PREFIX.length).toLowerCase()) : null;
    if (!key) findings.add('unknown-key', where, nearest(name.toUpperCase(), KNOWN), JSON.stringify(name));
    else if (text?.trim()) found.push([key, { text, where }]);
  }
  return found;
}

/** The variables that a .env file holds. */
export const parseEnvFile = (text: string): Record<string, string> => parse(text);

const withoutEmpty = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name, text]) => !name.startsWith(PREFIX) || text?.trim()));
