/** Sends a command over REST, shows how far it is while it runs, and how it ended. */
import { setTimeout as pause } from 'node:timers/promises';
import { commandToWords } from '../protocol/commands.js';
import type { Command } from '../protocol/payloads.js';
import type { Tracked } from '../tree/desk.js';
import type { RestClient } from './client.js';
import { EXIT } from './exit.js';
import { inWords, progressInWords } from './outcome.js';
import { say, type View } from './print.js';
import { ownPath } from './query.js';

export interface SendView extends View {
  /** Seconds to wait for the final result. */
  readonly wait: number;
}

/** Milliseconds between two looks at how far it is. */
const LOOK_MS = 250;
/** Seconds: most commands are done before a second look is worth it. */
const FIRST_S = 1;

export async function send(
  client: RestClient,
  path: string,
  command: object,
  view: SendView,
): Promise<Tracked> {
  const result = await seenThrough(client, { path: ownPath(path), by: 'cli', ...command }, view);
  say(view, result, [`${path} ${inWords(result)}`, ...forReal(command, result)].join('\n'));
  if (!result.done)
    process.stderr.write(
      `canopy: no final result within ${view.wait} s; ask again with its id ${result.id}\n`,
    );
  if (!result.done) process.exitCode = EXIT.noAnswer;
  else if (result.status !== 'succeeded') process.exitCode = EXIT.failed;
  return result;
}

/** What a dry run was about, in the words that do it. */
function forReal(command: object, { status }: Tracked): string[] {
  const { dryRun, ...args } = (command as Command).args ?? {};
  if (dryRun !== true || status === 'rejected') return [];
  const { args: _dry, ...rest } = command as Command;
  const real = Object.keys(args).length > 0 ? { ...(command as Command), args } : rest;
  return [`to do it: ${commandToWords(real) ?? JSON.stringify(real)}`];
}

async function seenThrough(client: RestClient, body: object, view: SendView): Promise<Tracked> {
  const deadline = performance.now() + view.wait * 1000;
  const first = Math.min(FIRST_S, view.wait);
  let result = await client.post<Tracked>(`/api/v1/commands?wait=${first}`, body, first * 1000);
  let told = '';
  while (!result.done && performance.now() < deadline) {
    const text = progressInWords(result);
    if (text !== '' && text !== told && !view.json) process.stderr.write(`${text}\n`);
    told = text;
    await pause(LOOK_MS);
    result = await client.get<Tracked>(`/api/v1/commands/${encodeURIComponent(result.id)}`);
  }
  return result;
}
