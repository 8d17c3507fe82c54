/** What the settings of a leaf mean on this very machine, which may not be the one where its tree file was written. */
import { readFileSync, statSync } from 'node:fs';
import { parseEnvFile } from '../config/load.js';
import { ConfigError } from '../config/problems.js';
import type { NodeSettings } from '../config/settings.js';
import { findAccount } from '../process/accounts.js';
import { asUser, type Before, withNiceness } from '../process/run-as.js';
import { targetEnvironment } from './target-env.js';

export interface RunAs {
  readonly env: NodeJS.ProcessEnv;
  readonly before: readonly string[];
  readonly cwd?: string;
  readonly umask?: string;
}

/** Throws ConfigError for a user, a niceness, a directory or a file that this machine does not have or grant. */
export function runAsOf(settings: NodeSettings, inherited: NodeJS.ProcessEnv): RunAs {
  const { cwd, user, umask, nice, env } = settings.runAs;
  const account = user === null ? null : findAccount(user);
  if (account && 'problem' in account) throw wrong('user', account.problem, user);
  if (cwd !== null && !isDirectory(cwd)) throw wrong('cwd', 'a directory that is there', cwd);
  const before = [
    ...(nice === null ? [] : wordsOf(withNiceness(nice), 'nice', nice)),
    ...(account === null ? [] : wordsOf(asUser(account), 'user', user)),
  ];
  const ofUser = account && {
    HOME: account.home,
    USER: account.name,
    LOGNAME: account.name,
    SHELL: account.shell,
  };
  const given = targetEnvironment({ ...fromFile(settings), ...env });
  const own = { ...(cwd !== null && { PWD: cwd }), ...ofUser, ...given };
  return {
    // One and the same for all that change nothing of it: it is put into words once.
    env: Object.keys(own).length === 0 ? inherited : { ...inherited, ...own },
    before,
    ...(cwd !== null && { cwd }),
    ...(umask !== null && { umask }),
  };
}

function fromFile({ runAs: { envFile } }: NodeSettings): Record<string, string> {
  if (envFile === null) return {};
  try {
    return parseEnvFile(readFileSync(envFile.path, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && envFile.optional) return {};
    throw wrong(
      'env_file',
      'a .env file',
      code === 'ENOENT' ? `${envFile.path}, which is not there` : message,
    );
  }
}

function wordsOf(before: Before, key: string, found: unknown): readonly string[] {
  if ('problem' in before) throw wrong(key, before.problem, found);
  return before.words;
}

const isDirectory = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

const wrong = (key: string, expected: string, found: unknown): ConfigError =>
  new ConfigError([
    { code: 'invalid-value', where: `CANOPY_${key.toUpperCase()} (${key})`, expected, found: String(found) },
  ]);
