/** The table of settings as Markdown, for the README. */

import { envName } from './load.js';
import { SETTING_KEYS, type Setting, type SettingKey, settingOf } from './settings.js';

const UNITS = { s: ' s', bytes: ' bytes' };

/** Every setting, one line each, in the order of the table; ends with a line break. */
export function settingsTable(): string {
  const rows = SETTING_KEYS.map(key => row(key, settingOf(key)));
  return ['| variable | who | default | what |', '| --- | --- | --- | --- |', ...rows, ''].join('\n');
}

function row(key: SettingKey, setting: Setting): string {
  const who = setting.roles.length === 3 ? 'all' : setting.roles.join(', ');
  const cells = [`\`${envName(key)}\``, who, fallbackText(setting), whatText(setting)];
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function fallbackText({ computed, fallback, unit }: Setting): string {
  return computed ?? (fallback === null ? '–' : `\`${String(fallback)}\`${unit ? UNITS[unit] : ''}`);
}

function whatText({ schema, about }: Setting): string {
  const { description } = schema as { description?: string };
  return description ? `${about} Takes ${description}.` : about;
}
