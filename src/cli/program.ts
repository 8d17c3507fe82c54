/**
 * The command line as a tree of commands; each is a call into a file beside this one, which is loaded only when it is asked
 * for: a broker and a REST server take half a second that `canopy tree` does not need, and what prints takes memory.
 */
import { type Command, Option } from 'commander';
import { KINDS, STATUSES } from '../core/facts.js';
import { type AskOptions, ask, rest } from './asking.js';
import { auditing } from './audit.js';
import { commanding } from './commanding.js';
import { happening } from './happening.js';
import { hosting } from './hosting.js';
import { identityCommands } from './identity-commands.js';
import type { IncidentsOptions } from './incidents.js';
import { joining } from './joining.js';
import type { LogsOptions } from './logs.js';
import { count } from './numbers.js';
import type * as query from './query.js';

/** `loaded` as of those that host. */
export function program(loaded: () => void): Command {
  const canopy = hosting(loaded);
  joining(canopy);
  daemons(canopy);
  asking(canopy);
  reading(canopy);
  commanding(canopy);
  identityCommands(canopy);
  return canopy;
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
  ask(canopy, 'incidents', 'outages: those that last, then those that are over')
    .option('--under <path>', 'of that node and all below it')
    .option('--app <name>', 'of nodes of that app')
    .option('--since <time>', 'an age such as 7d, an ISO 8601 time, or ms since the epoch')
    .option('-n, --limit <count>', 'the newest so many', count, 100)
    .action(async ({ url, ...options }: AskOptions & IncidentsOptions) =>
      (await import('./incidents.js')).incidents(rest(canopy, url), options),
    );
  ask(canopy, 'availability', 'how much of the time nodes were there')
    .argument('[path]', "the node; '.' is the one that answers; all leaves by default")
    .option('--app <name>', 'the leaves of that app, at or below the path, one by one and together')
    .option('--since <time>', 'an age such as 7d, an ISO 8601 time, or ms since the epoch; a day by default')
    .option('--until <time>', 'likewise')
    .action(async (path: string | undefined, { url, ...options }) =>
      (await import('./availability.js')).availability(rest(canopy, url), path, options),
    );
  auditing(ask(canopy, 'audit', 'who did what'), url => rest(canopy, url));
  ask(canopy, 'alerts', 'what is open of alerts').action(async ({ url, ...view }: AskOptions) =>
    (await import('./alerts.js')).alerts(rest(canopy, url), view),
  );
  ask(canopy, 'ack', 'say that an alert has been seen: no more reminders')
    .argument('<id>', 'as canopy alerts prints it')
    .action(async (id: string, { url, ...view }: AskOptions) =>
      (await import('./alerts.js')).ack(rest(canopy, url), id, view),
    );
  ask(canopy, 'forget', 'a node that is gone: it is not known any more, at any hop')
    .argument('<path>', 'the node, and all that is known below it')
    .action(async (path: string, { url, ...view }: AskOptions) =>
      (await import('./forget.js')).forget(rest(canopy, url), path, view),
    );
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
