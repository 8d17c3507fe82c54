#!/usr/bin/env node
import { CommanderError } from 'commander';
import { EXIT, report } from './exit.js';
import { loading } from './heap.js';
import { program } from './program.js';

loading();
try {
  await program().parseAsync();
  // A finished command ends the process even where something still holds a handle.
  process.exit(process.exitCode ?? EXIT.done);
} catch (error) {
  // commander has printed its own message
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? EXIT.done : EXIT.usage);
  process.exit(report(error));
}
