/** What all commands share that talk to a REST address. */
import type { Command } from 'commander';
import { cliUrl } from '../config/environment.js';
import { type AccessOptions, accessOf } from './access.js';
import { RestClient } from './client.js';

export interface AskOptions {
  url: string;
  json?: boolean;
}

/** Such a token is sent where --url says, by TLS or on this machine alone. */
export const rest = (canopy: Command, url: string): RestClient =>
  new RestClient(url, accessOf(canopy.opts<AccessOptions>()));

export const ask = (canopy: Command, name: string, about: string): Command =>
  canopy
    .command(name)
    .description(about)
    .option('--url <url>', 'the REST address (CANOPY_URL)', cliUrl())
    .option('--json', 'for programs');
