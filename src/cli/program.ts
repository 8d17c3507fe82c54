/**
 * The command line as a tree of commands; each is a call into a file beside this one. What hosts nodes is loaded only when
 * it is asked for: a broker and a REST server take half a second that `canopy tree` does not need.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { VERSION } from '../compose/version.js';
import { cliUrl } from '../config/environment.js';
import { KINDS, STATUSES } from '../core/facts.js';
import { RestClient } from './client.js';
import * as query from './query.js';

interface AskOptions {
  url: string;
  json?: boolean;
}

export function program(): Command {
  const canopy = new Command('canopy')
    .description('Health monitor and process supervisor, built as a tree of MQTT brokers')
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError('(canopy --help lists the commands)');
  hosting(canopy);
  daemons(canopy);
  asking(canopy);
  return canopy;
}

function hosting(canopy: Command): void {
  canopy
    .command('up')
    .description('host a whole tree, or one node of it, in this process')
    .argument('[file]', 'the tree file', 'tree.yaml')
    .option('--node <path>', 'host this node of the file and the leaves right below it')
    .action(async (file: string, options: { node?: string }) => (await import('./up.js')).up(file, options));
  canopy
    .command('run')
    .description('run one node in the foreground')
    .argument('[file]', 'its .env file; left out, the environment has it all')
    .action(async (file: string | undefined) => (await import('./run.js')).run(file));
}

function daemons(canopy: Command): void {
  const verbs = {
    start: 'run one node as a daemon; returns when it is up, or says why not',
    stop: 'stop it and its target; returns when it is gone',
    restart: 'stop, then start',
    status: 'whether it runs; exit code 3 where it does not',
  } as const;
  for (const verb of Object.keys(verbs) as (keyof typeof verbs)[]) {
    canopy
      .command(verb)
      .description(verbs[verb])
      .argument('[file]', 'its .env file; left out, the environment has it all')
      .option('--json', 'for programs')
      .action(async (file: string | undefined, view) => (await import('./daemon.js'))[verb](file, view));
  }
}

function asking(canopy: Command): void {
  const ask = (name: string, about: string): Command =>
    canopy
      .command(name)
      .description(about)
      .option('--url <url>', 'the REST address (CANOPY_URL)', cliUrl())
      .option('--json', 'for programs');
  ask('tree', 'the whole tree').action((view: AskOptions) => query.tree(new RestClient(view.url), view));
  ask('nodes', 'the nodes, a line each')
    .addOption(new Option('--status <status>').choices(STATUSES))
    .addOption(new Option('--kind <kind>').choices(KINDS))
    .option('--app <name>')
    .option('--under <path>', 'that node and all below it')
    .action(({ url, json, ...filter }: AskOptions & query.NodesFilter) =>
      query.nodes(new RestClient(url), filter, { ...(json && { json }) }),
    );
  ask('get', 'one node')
    .argument('<path>', "the node; '.' is the one that answers")
    .action((path: string, view: AskOptions) => query.get(new RestClient(view.url), path, view));
  ask('cmd', 'command a node: restart, stop, start, signal HUP, ping')
    .argument('<path>', "the node; '.' is the one that answers")
    .argument('<words...>')
    .option('--wait <seconds>', 'for the final result', seconds, 30)
    .action((path: string, words: string[], view: AskOptions & { wait: number }) =>
      query.cmd(new RestClient(view.url), path, words, view),
    );
}

function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 60))
    throw new InvalidArgumentError(`expected 0 to 60 seconds, found ${JSON.stringify(text)}`);
  return value;
}
