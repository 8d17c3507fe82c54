/** The words that command nodes: one, many, or the instances of a service. */
import { Argument, type Command, Option } from 'commander';
import { STRATEGIES } from '../balance/choose.js';
import { SURPLUS_RULES } from '../balance/standing-order.js';
import { type AskOptions, ask, rest } from './asking.js';
import type * as command from './command.js';
import { number, seconds } from './numbers.js';

export function commanding(canopy: Command): void {
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
