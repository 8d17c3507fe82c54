/**
 * The command line as a tree of commands; each is a call into a file beside this one, which is loaded only when it is asked
 * for: a broker and a REST server take half a second that `canopy tree` does not need, and what prints takes memory.
 */
import { Argument, Command, Option } from 'commander';
import { STRATEGIES } from '../balance/choose.js';
import { SURPLUS_RULES } from '../balance/standing-order.js';
import { VERSION } from '../compose/version.js';
import { cliUrl } from '../config/environment.js';
import { KINDS, STATUSES } from '../core/facts.js';
import { type AccessOptions, accessOf } from './access.js';
import { auditing } from './audit.js';
import { RestClient } from './client.js';
import type * as command from './command.js';
import { happening } from './happening.js';
import { identityCommands } from './identity-commands.js';
import { joining } from './joining.js';
import type { LogsOptions } from './logs.js';
import { number, seconds } from './numbers.js';
import type * as query from './query.js';

interface AskOptions {
  url: string;
  json?: boolean;
}

export function program(): Command {
  const canopy = new Command('canopy')
    .description('Health monitor and process supervisor, built as a tree of MQTT brokers')
    .version(VERSION)
    .option('--ca <file>', 'authorities that stand for an https address, PEM (CANOPY_CA)')
    .option(
      '--token-file <file>',
      'a file with the token to show (CANOPY_TOKEN_FILE; or CANOPY_TOKEN holds it)',
    )
    .exitOverride()
    .showHelpAfterError('(canopy --help lists the commands)');
  hosting(canopy);
  joining(canopy);
  daemons(canopy);
  asking(canopy);
  reading(canopy);
  commanding(canopy);
  identityCommands(canopy);
  return canopy;
}

function hosting(canopy: Command): void {
  canopy
    .command('up')
    .description('host a whole tree, or one node of it, in this process')
    .argument('[file]', 'the tree file', 'tree.yaml')
    .option('--node <path>', "host this node of the file and the leaves right below it; '.' is the top one")
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
  ask(canopy, 'tree', 'the whole tree').action(async (view: AskOptions) =>
    (await import('./query.js')).tree(rest(canopy, view.url), view),
  );
  ask(canopy, 'nodes', 'the nodes, a line each')
    .addOption(new Option('--status <status>').choices(STATUSES))
    .addOption(new Option('--kind <kind>').choices(KINDS))
    .option('--app <name>')
    .option('--under <path>', 'that node and all below it')
    .action(async ({ url, json, ...filter }: AskOptions & query.NodesFilter) =>
      (await import('./query.js')).nodes(rest(canopy, url), filter, { ...(json && { json }) }),
    );
  happening(ask(canopy, 'events', 'what happened'), url => rest(canopy, url));
  ask(canopy, 'availability', 'how much of the time nodes were there')
    .argument('[path]', "the node; '.' is the one that answers; all leaves by default")
    .option('--app <name>', 'the leaves of that app, at or below the path, one by one and together')
    .option('--since <time>', 'an age such as 7d, an ISO 8601 time, or ms since the epoch; a day by default')
    .option('--until <time>', 'likewise')
    .action(async (path: string | undefined, { url, ...options }) =>
      (await import('./availability.js')).availability(rest(canopy, url), path, options),
    );
  auditing(ask(canopy, 'audit', 'who did what'), url => rest(canopy, url));
  ask(canopy, 'get', 'one node')
    .argument('<path>', "the node; '.' is the one that answers")
    .action(async (path: string, view: AskOptions) =>
      (await import('./query.js')).get(rest(canopy, view.url), path, view),
    );
}

function reading(canopy: Command): void {
  ask(canopy, 'logs', 'what targets have said: of a leaf, of all below a relay, of an app')
    .argument('[paths...]', "leaves and relays; '.' is the node that answers, and all below it")
    .option('-f, --follow', 'and what they say from then on, until Ctrl-C')
    .option('-n, --tail <count>', 'the last so many lines of each; all by default')
    .option('--since <time>', 'an age such as 10m or 1h30m, an ISO 8601 time, or ms since the epoch')
    .option('--until <time>', 'likewise')
    .option('--after <seq>', 'only lines of a higher seq')
    .option('--grep <expression>', 'only lines that this regular expression fits')
    .option('--fixed', 'with --grep: it is no regular expression, but that very text')
    .option('--stream <stream>', 'stdout or stderr alone')
    .option('--app <name>', 'only leaves of this app')
    .option('--self', "the nodes' own logs instead of their targets'")
    .option('--wait', 'where a node cannot be reached, or is not known yet, until it can')
    .option('-t, --timestamps', 'the time before each line')
    .option('--no-prefix', 'several without the tags that tell them apart')
    .action(async (paths: string[], { url, ...options }: LogsOptions & { url: string }) =>
      (await import('./logs.js')).logs(rest(canopy, url), paths, options),
    );
}

function commanding(canopy: Command): void {
  const tell = (name: string, about: string): Command =>
    ask(canopy, name, about).option('--wait <seconds>', 'for the final result', seconds, 30);
  tell('cmd', 'command a node: restart, stop, start, signal HUP, ping, maintenance on')
    .argument('<path>', "the node; '.' is the one that answers")
    .argument('<words...>', 'such as: restart app=web max-unavailable=1')
    .option(
      '--dry-run',
      'with a select, scale or rebalance: say what would be done, and the words that do it',
    )
    .option('--timeout <seconds>', 'with these: for each leaf', number)
    .action(async (path: string, words: string[], { url, ...view }: AskOptions & command.CmdView) =>
      (await import('./command.js')).cmd(rest(canopy, url), path, words, view),
    );
  tell('maintenance', 'take a node, and all below it, out of balancing and alerts')
    .argument('<path>', "the node; '.' is the one that answers")
    .addArgument(new Argument('<mode>').choices(['on', 'off']))
    .option('--for <seconds>', 'lifted by itself after that', number)
    .action(async (path: string, mode: 'on' | 'off', { url, ...view }) =>
      (await import('./command.js')).maintenance(rest(canopy, url), path, mode, view),
    );
  const service = (name: string, about: string): Command =>
    tell(name, about)
      .argument('<app>', 'the service: the app_name of its instances')
      .option('--at <path>', "the node that sees to it below itself; '.' is the one that answers", '.')
      .option('--label <key=value>', 'only among the slots that carry it')
      .option('--dry-run', 'say what would be done')
      .option('--timeout <seconds>', 'for each instance to be ready', number);
  service('scale', 'have so many instances of a service run below a node')
    .argument('<count>', 'how many', number)
    .addOption(new Option('--strategy <strategy>', 'where to start them').choices(STRATEGIES))
    .option('--keep', 'as a standing order: lost ones are replaced')
    .option('--lost-after <seconds>', 'with --keep: the time that a lost one has to come back', number)
    .addOption(
      new Option('--surplus <rule>', 'with --keep: which stays when a lost one is back').choices(
        SURPLUS_RULES,
      ),
    )
    .action(async (app: string, count: number, options: command.ServiceOptions & AskOptions) =>
      (await import('./command.js')).scale(rest(canopy, options.url), app, count, options),
    );
  service('rebalance', 'move instances of a service from loaded to idle machines')
    .option('--max-moves <count>', 'moves at the most', number)
    .option('--hysteresis <difference>', 'of loads (0 to 1) below which nothing is moved', number)
    .action(async (app: string, options: command.ServiceOptions & AskOptions) =>
      (await import('./command.js')).rebalance(rest(canopy, options.url), app, options),
    );
  ask(canopy, 'orders', 'the standing orders of a node')
    .argument('[path]', "the node; '.' is the one that answers", '.')
    .option('--remove <app>', 'take this one back')
    .option('--label <key=value>', 'with --remove: that of some slots only')
    .action(async (path: string, { url, ...view }) =>
      (await import('./command.js')).orders(rest(canopy, url), path, view),
    );
}

/** Such a token is sent where --url says, by TLS or on this machine alone. */
const rest = (canopy: Command, url: string): RestClient =>
  new RestClient(url, accessOf(canopy.opts<AccessOptions>()));

const ask = (canopy: Command, name: string, about: string): Command =>
  canopy
    .command(name)
    .description(about)
    .option('--url <url>', 'the REST address (CANOPY_URL)', cliUrl())
    .option('--json', 'for programs');
