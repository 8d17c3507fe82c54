/** What the command line shows of itself, and whom it believes. Never by an argument: everybody on the machine sees those. */
import { readFileSync } from 'node:fs';
import { cliAccess } from '../config/environment.js';
import { readPrivate } from '../identity/private-files.js';
import { CliError, EXIT } from './exit.js';

export interface AccessOptions {
  readonly ca?: string;
  readonly tokenFile?: string;
}

export interface Access {
  /** PEM. */
  readonly ca?: string;
  readonly token?: string;
}

/** Options win over CANOPY_CA, CANOPY_TOKEN_FILE and CANOPY_TOKEN. */
export function accessOf(options: AccessOptions): Access {
  const given = cliAccess();
  const [caFile, tokenFile] = [options.ca ?? given.ca, options.tokenFile ?? given.tokenFile];
  const token = tokenFile === undefined ? given.token : read('--token-file', tokenFile, readPrivate).trim();
  return {
    ...(caFile !== undefined && { ca: read('--ca', caFile, file => readFileSync(file, 'utf8')) }),
    ...(token && { token }),
  };
}

function read(option: string, file: string, how: (file: string) => string): string {
  try {
    return how(file);
  } catch (error) {
    throw new CliError(
      EXIT.usage,
      `${option}: expected a file that can be read, found ${(error as Error).message}`,
    );
  }
}
