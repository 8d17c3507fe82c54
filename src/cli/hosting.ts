/** The commands that host nodes, apart from all others: a target waits for nothing that only they need. */
import { Command } from 'commander';
import { VERSION } from '../compose/version.js';

export const HOSTING = ['up', 'run'];

/** The command line with these alone; `loaded` is called once nothing waits for what they load. */
export function hosting(loaded: () => void): Command {
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
  canopy
    .command('up')
    .description('host a whole tree, or one node of it, in this process')
    .argument('[file]', 'the tree file', 'tree.yaml')
    .option('--node <path>', "host this node of the file and the leaves right below it; '.' is the top one")
    .action(async (file: string, options: { node?: string }) =>
      (await import('./up.js')).up(file, options, loaded),
    );
  canopy
    .command('run')
    .description('run one node in the foreground')
    .argument('[file]', 'its .env file; left out, the environment has it all')
    .action(async (file: string | undefined) => (await import('./run.js')).run(file, loaded));
  return canopy;
}
