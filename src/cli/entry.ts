/** The command line: its words, and what becomes of them. */
import { CommanderError } from 'commander';
import { settled } from './engine.js';
import { EXIT, report } from './exit.js';
import { HOSTING, hosting } from './hosting.js';

/** `keep` is called once all that a start takes has been loaded. */
export async function main(keep: () => void): Promise<void> {
  const loaded = (): void => {
    keep();
    settled();
  };
  try {
    const [word = ''] = process.argv.slice(2);
    const isHosting = HOSTING.includes(word);
    const canopy = isHosting ? hosting(loaded) : (await import('./program.js')).program(loaded);
    if (!isHosting) settled();
    await canopy.parseAsync();
    // A finished command ends the process even where something still holds a handle.
    process.exit(process.exitCode ?? EXIT.done);
  } catch (error) {
    // commander has printed its own message
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? EXIT.done : EXIT.usage);
    process.exit(report(error));
  }
}
