/** `canopy join` on the command line. */
import type { Command } from 'commander';
import type { JoinOptions } from './join.js';

export function joining(canopy: Command): void {
  canopy
    .command('join')
    .description('make a node of this directory, by the token that canopy enroll has printed at its parent')
    .argument('<token>', "the token; '-' reads it from standard input")
    .argument('[dir]', 'where its .env file and its data directory go', '.')
    .option(
      '--set <setting=value>',
      'a line of its .env file, such as target=node web.js; as often as needed',
      (value: string, before: string[]) => [...before, value],
      [],
    )
    .option('--force', 'overwrite what an earlier one has left')
    .action(async (token: string, dir: string, options: JoinOptions) =>
      (await import('./join.js')).joinTree(token, dir, options),
    );
}
