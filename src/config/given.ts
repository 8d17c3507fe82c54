/** Settings as text, wherever they were written, checked one by one: the one path for .env and tree files. */

import { closest, distance } from 'fastest-levenshtein';
import { Check } from 'typebox/value';
import type { Findings } from './problems.js';
import { shown } from './problems.js';
import { isSettingKey, type SettingKey, settingOf, type Values } from './settings.js';

export interface Given {
  text: string;
  /** The key and the place, as messages name it. */
  where: string;
}
export type GivenSettings = ReadonlyMap<SettingKey, Given>;

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)$/;

/** The checked value of one setting, or undefined. Numbers are decimal; an empty text counts as not given. */
export function readSetting(key: SettingKey, text: string): unknown {
  const { schema } = settingOf(key);
  const value = typed(text.trim(), (schema as { type?: string }).type);
  return Check(schema, value) ? value : undefined;
}

/** All that is given and right; what is not is reported. */
export function checkedValues(given: GivenSettings, findings: Findings): Values {
  const values: Record<string, unknown> = {};
  for (const [key, one] of given) {
    const value = checkedOnce(key, one);
    if (value === undefined) findings.add('invalid-value', one.where, expectedFor(key), shown(one.text));
    else values[key] = value;
  }
  return values as Values;
}

/** The defaults of a tree are given to each of its nodes, and are what they are. */
const known = new WeakMap<Given, { readonly value: unknown }>();

function checkedOnce(key: SettingKey, given: Given): unknown {
  const found = known.get(given) ?? { value: readSetting(key, given.text) };
  known.set(given, found);
  return found.value;
}

/** Stricter than typebox's own Convert, which takes 1.5 for the integer 1 and '' for 0. */
function typed(text: string, type: string | undefined): unknown {
  if (type === 'number' || type === 'integer') return NUMBER.test(text) ? Number(text) : text;
  if (type === 'boolean') return { true: true, false: false }[text.toLowerCase()] ?? text;
  return text;
}

const expectedFor = (key: SettingKey): string =>
  (settingOf(key).schema as { description?: string }).description ?? 'another value';

/** The known word that was most likely meant; '' where none is near. */
export function nearest(word: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const best = closest(word, known);
  return distance(word, best) <= Math.max(2, 0.4 * word.length) ? best : '';
}

/** The setting that a key of a file means, or null. */
export const settingNamed = (key: string): SettingKey | null => (isSettingKey(key) ? key : null);
