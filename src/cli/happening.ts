/** The arguments of `canopy events`; the rest of it is loaded when it is asked for. */
import { type Command, Option } from 'commander';
import { STATUSES } from '../core/facts.js';
import type { RestClient } from './client.js';
import type { EventsOptions } from './events.js';
import { count } from './numbers.js';

const TIME = 'an age such as 10m or 1h30m, an ISO 8601 time, or ms since the epoch';

export const happening = (command: Command, rest: (url: string) => RestClient): Command =>
  command
    .option('-f, --follow', 'and what happens from then on, until Ctrl-C')
    .option('-n, --limit <count>', 'the last so many', count, 100)
    .option('--under <path>', 'of that node and all below it')
    .option('--path <path>', "of that node alone; '.' is the one that answers")
    .option('--app <name>', 'of nodes of that app')
    .option('--event <name>', 'state, evt, incident, maintenance, observer; phase, health, link, …')
    .addOption(new Option('--status <status>', 'what a node has become').choices(STATUSES))
    .option('--since <time>', TIME)
    .option('--until <time>', 'likewise')
    .action(async ({ url, ...options }: EventsOptions & { url: string }) =>
      (await import('./events.js')).events(rest(url), options),
    );
