/** Exit codes, and how an error becomes one: contract section 4. */
import { ConfigError } from '../config/problems.js';

export const EXIT = { done: 0, failed: 1, usage: 2, noAnswer: 3 } as const;

/** Ends the command with a message on stderr and an exit code. */
export class CliError extends Error {
  constructor(
    readonly exitCode: number,
    message: string,
    /** Of the problem that REST answered with. */
    readonly problem: string | null = null,
  ) {
    super(message);
  }
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof CliError) return error.exitCode;
  return error instanceof ConfigError ? EXIT.usage : EXIT.failed;
}

export function report(error: unknown): number {
  const code = (error as { code?: unknown }).code;
  const prefix = typeof code === 'string' && !(error instanceof ConfigError) ? `${code}: ` : '';
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`canopy: ${message.startsWith(prefix) ? '' : prefix}${message}\n`);
  return exitCodeOf(error);
}
