#!/usr/bin/env node
import * as modules from 'node:module';
import { fileURLToPath } from 'node:url';
import { CommanderError } from 'commander';
import { EXIT, report } from './exit.js';
import { loading } from './heap.js';
import { HOSTING, hosting } from './hosting.js';

/** Node 22.1 and later keep what they have compiled, beside it: the first target is there a sixth sooner. Where it can't be written, it is done without. */
const { enableCompileCache } = modules as { enableCompileCache?: (directory: string) => unknown };
enableCompileCache?.(fileURLToPath(new URL('compiled', import.meta.url)));
loading();
try {
  const [word = ''] = process.argv.slice(2);
  const canopy = HOSTING.includes(word) ? hosting() : (await import('./program.js')).program();
  await canopy.parseAsync();
  // A finished command ends the process even where something still holds a handle.
  process.exit(process.exitCode ?? EXIT.done);
} catch (error) {
  // commander has printed its own message
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? EXIT.done : EXIT.usage);
  process.exit(report(error));
}
