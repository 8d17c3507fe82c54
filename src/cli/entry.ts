/** The command line: its words, and what becomes of them. */
import { CommanderError } from 'commander';
import { EXIT, report } from './exit.js';
import { grown } from './heap.js';
import { HOSTING, hosting } from './hosting.js';

/** `keep` is called once all that a start takes has been loaded. */
export async function main(keep: () => void): Promise<void> {
  const loaded = (): void => {
    keep();
    grown();
  };
  try {
    const [word = ''] = process.argv.slice(2);
    const canopy = HOSTING.includes(word) ? hosting(loaded) : (await import('./program.js')).program(loaded);
    await canopy.parseAsync();
    // A finished command ends the process even where something still holds a handle.
    process.exit(process.exitCode ?? EXIT.done);
  } catch (error) {
    // commander has printed its own message
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? EXIT.done : EXIT.usage);
    process.exit(report(error));
  }
}
