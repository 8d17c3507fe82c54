/** `canopy join`: makes a node of this machine's directory by a token that its parent has printed. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { joinedFiles, joinParent, keepJoined } from '../compose/join.js';
import { settingNamed } from '../config/given.js';
import { envName } from '../config/load.js';
import { type JoinToken, parseJoinToken } from '../identity/join-token.js';
import { writePrivate } from '../identity/private-files.js';
import { CliError, EXIT } from './exit.js';

export interface JoinOptions {
  readonly force?: boolean;
  /** `key=value` of settings. */
  readonly set: readonly string[];
}

export async function joinTree(text: string, dir: string, options: JoinOptions): Promise<void> {
  const token = parseJoinToken(text === '-' ? readFileSync(0, 'utf8') : text);
  const settings = settingsOf(options.set);
  const dataDir = resolve(settings.get('data_dir') ?? join(dir, 'data', token.name));
  const file = join(dir, `${token.name}.env`);
  const there = [...joinedFiles(dataDir), ...(existsSync(file) ? [file] : [])];
  if (there.length > 0 && !options.force)
    throw new CliError(EXIT.failed, `not overwritten without --force: ${there.join(', ')}`);
  const joined = await joinParent(token);
  keepJoined(dataDir, joined);
  writePrivate(resolve(file), envOf(token, dataDir, settings));
  process.stdout.write(nextSteps(token, file, settings));
}

function settingsOf(pairs: readonly string[]): Map<string, string> {
  return new Map(
    pairs.map(pair => {
      const [, key = '', value = ''] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
      if (settingNamed(key) && !value.includes('\n')) return [key, value];
      throw new CliError(
        EXIT.usage,
        `--set: expected setting=value in one line, found ${JSON.stringify(pair)}`,
      );
    }),
  );
}

/** Quoted where .env files would take it for something else. */
const quoted = (value: string): string =>
  /^[\w./:@-]*$/.test(value) ? value : value.includes("'") ? JSON.stringify(value) : `'${value}'`;

function envOf(
  { kind, name, url }: JoinToken,
  dataDir: string,
  settings: ReadonlyMap<string, string>,
): string {
  const all = new Map([
    ['role', kind],
    ['name', name],
    ['parent_url', url],
    ['data_dir', dataDir],
    ...settings,
  ]);
  const lines = [...all].map(([key, value]) => `${envName(key as never)}=${quoted(value)}`);
  const wanted =
    kind === 'leaf' && !settings.has('target')
      ? ['# The command that it runs:', '# CANOPY_TARGET=node web.js']
      : [];
  return [
    '# Made by canopy join; what proves the name is in uplink/ of the data directory.',
    ...lines,
    ...wanted,
    '',
  ].join('\n');
}

function nextSteps({ kind, name }: JoinToken, file: string, settings: ReadonlyMap<string, string>): string {
  const target = kind === 'leaf' && !settings.has('target');
  return [
    `${name} has joined: its certificate is kept, and renewed by itself.`,
    ...(target ? [`Set CANOPY_TARGET in ${file} to the command that it is to run.`] : []),
    `Next: npx canopy run ${file}`,
    '',
  ].join('\n');
}
