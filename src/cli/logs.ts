/** `canopy logs`: of one leaf as it is, of several together, each line behind the tag of its leaf. */
import { CanopyError } from '../core/errors.js';
import type { LogQuery } from '../core/log-lines.js';
import { logAsked } from '../rest/log-asked.js';
import type { RestClient } from './client.js';
import { CliError, EXIT } from './exit.js';
import { choose, chosenInTime, chosenNow } from './log-choice.js';
import { endWithReader, note } from './log-print.js';
import { LogSession, type SessionOptions } from './log-session.js';

export interface LogsOptions extends SessionOptions {
  readonly tail?: string;
  readonly since?: string;
  readonly until?: string;
  readonly after?: string;
  readonly grep?: string;
  readonly fixed?: boolean;
  readonly stream?: string;
  readonly app?: string;
}

export async function logs(
  client: RestClient,
  words: readonly string[],
  options: LogsOptions,
): Promise<void> {
  const query = checked(options);
  endWithReader();
  const { paths, nodes, isMany } = options.wait
    ? await chosenInTime(client, words, options, missing => note(`waiting: ${missing}`))
    : await choose(client, words, options);
  const session = new LogSession(client, query, options, isMany, await forPeople(options));
  const found = await session.stored(paths);
  if (!options.follow) return;
  const look = options.self ? null : () => chosenNow(client, words, options);
  await session.coming(found, nodes, look);
}

/** A node's own log is JSON, for programs; where nobody but a person reads it, it is lines. */
async function forPeople({ self, json }: LogsOptions): Promise<((line: string) => string) | null> {
  if (!self || json || !process.stdout.isTTY) return null;
  return (await import('./own-log-line.js')).ownLogLine(process.stdout.hasColors());
}

/** Throws with exit code 2, naming the option. */
function checked({
  app: _app,
  timestamps: _timestamps,
  json: _json,
  prefix: _prefix,
  ...args
}: LogsOptions): LogQuery {
  try {
    const given = Object.entries(args)
      .filter(([name, value]) => value !== undefined && !(name === 'tail' && value === 'all'))
      .map(([name, value]) => [name, String(value)]);
    return logAsked(Object.fromEntries(given), {}, Date.now()).query;
  } catch (error) {
    if (error instanceof CanopyError) throw new CliError(EXIT.usage, `--${error.message}`);
    throw error;
  }
}
