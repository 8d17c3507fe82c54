/** Whose logs are meant by the words of a command line. */
import type { RestClient } from './client.js';
import { CliError, EXIT } from './exit.js';
import { listed, ownPath } from './query.js';

export interface Chosen {
  readonly paths: readonly string[];
  /** They are told apart by tags: more than one log, or such a choice that there may be more. */
  readonly isMany: boolean;
}

export interface Choice {
  readonly app?: string;
  readonly self?: boolean;
  /** One that nobody knows yet may come. */
  readonly wait?: boolean;
}

/** A leaf is itself, any other node all leaves below it. Throws where that is nobody. */
export async function choose(client: RestClient, words: readonly string[], choice: Choice): Promise<Chosen> {
  const asked = words.length === 0 && choice.app !== undefined ? ['.'] : words;
  if (asked.length === 0) throw new CliError(EXIT.usage, 'expected a path or --app, found none');
  const found = await Promise.all(
    asked.map(word => expand(client, ownPath(word.replace(/\/$/, '')), choice)),
  );
  const paths = [...new Set(found.flat())];
  if (paths.length === 0)
    throw new CliError(EXIT.failed, `not-found: there is no leaf ${inWords(words, choice.app)}`, 'not-found');
  const isOne = asked.length === 1 && paths.length === 1 && paths[0] === ownPath(asked[0] as string);
  return { paths, isMany: choice.app !== undefined || !isOne };
}

async function expand(
  client: RestClient,
  path: string,
  { app, self = false, wait = false }: Choice,
): Promise<string[]> {
  if (self && app === undefined) return [path];
  const below = await listed(client, { under: path });
  const node = below.find(each => each.path === path);
  if (!node && !wait)
    throw new CliError(EXIT.failed, `not-found: there is no node "${path}" here`, 'not-found');
  const leaves = below.filter(each => each.kind === 'leaf' && (app === undefined || each.app === app));
  return node || app !== undefined ? leaves.map(each => each.path) : [path];
}

const inWords = (words: readonly string[], app: string | undefined): string =>
  [app === undefined ? '' : `of app "${app}"`, words.length > 0 ? `below "${words.join('", "')}"` : 'here']
    .filter(Boolean)
    .join(' ');
