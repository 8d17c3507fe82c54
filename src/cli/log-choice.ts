/** Whose logs are meant by the words of a command line. */
import { setTimeout as pause } from 'node:timers/promises';
import type { NodeView } from '../rest/views.js';
import type { RestClient } from './client.js';
import { CliError, EXIT } from './exit.js';
import { listed, ownPath } from './query.js';

export interface Chosen {
  readonly paths: readonly string[];
  /** Of those, what is known of them; of their own logs nothing is asked. */
  readonly nodes: readonly NodeView[];
  /** They are told apart by tags: more than one log, or such a choice that there may be more. */
  readonly isMany: boolean;
  /** What is not there, in words. */
  readonly missing: readonly string[];
}

export interface Choice {
  readonly app?: string;
  readonly self?: boolean;
  readonly follow?: boolean;
  /** One that nobody knows yet may come. */
  readonly wait?: boolean;
}

/** Milliseconds between two looks whether it has come. */
const LOOK_MS = 500;

/** A leaf is itself, any other node all leaves below it. Throws where that is nobody, and where a node is not known. */
export async function choose(client: RestClient, words: readonly string[], choice: Choice): Promise<Chosen> {
  const chosen = await chosenNow(client, words, choice);
  const [first] = chosen.missing;
  if (first !== undefined) throw new CliError(EXIT.failed, `not-found: ${first}`, 'not-found');
  return chosen;
}

/** The same as soon as that is somebody: followed, the first that is there; else all. `says` is told once what is missing. */
export async function chosenInTime(
  client: RestClient,
  words: readonly string[],
  choice: Choice,
  says: (missing: string) => void,
): Promise<Chosen> {
  for (let told = false; ; told = true) {
    const chosen = await chosenNow(client, words, choice).catch(error => {
      // Who waits for a node also waits for the one that would tell of it, if that has been there.
      if (told && error instanceof CliError && error.exitCode === EXIT.noAnswer) return null;
      throw error;
    });
    if (!told) for (const each of chosen?.missing ?? []) says(each);
    if (chosen?.missing.length === 0 || (choice.follow && chosen?.paths.length)) return chosen;
    await pause(LOOK_MS);
  }
}

export async function chosenNow(
  client: RestClient,
  words: readonly string[],
  { app, self = false }: Choice,
): Promise<Chosen> {
  const asked = words.length === 0 && app !== undefined ? ['.'] : words;
  if (asked.length === 0) throw new CliError(EXIT.usage, 'expected a path or --app, found none');
  const missing: string[] = [];
  const nodes = new Map<string, NodeView>();
  const named = asked.map(word => ownPath(word.replace(/\/$/, '')));
  const expanded = named.map(async path => {
    if (self && app === undefined) return [path];
    const below = await listed(client, { under: path });
    const node = below.find(each => each.path === path);
    if (!node) missing.push(`there is no node "${path}" here`);
    const leaves = below.filter(each => each.kind === 'leaf' && (app === undefined || each.app === app));
    for (const leaf of leaves) nodes.set(leaf.path, leaf);
    return leaves.map(each => each.path);
  });
  const paths = [...new Set((await Promise.all(expanded)).flat())];
  if (paths.length === 0 && missing.length === 0) missing.push(`there is no leaf ${inWords(words, app)}`);
  const isOne = named.length === 1 && paths.length === 1 && paths[0] === named[0];
  return { paths, nodes: [...nodes.values()], isMany: app !== undefined || !isOne, missing };
}

const inWords = (words: readonly string[], app: string | undefined): string =>
  [app === undefined ? '' : `of app "${app}"`, words.length > 0 ? `below "${words.join('", "')}"` : 'here']
    .filter(Boolean)
    .join(' ');
