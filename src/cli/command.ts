/** `canopy cmd|scale|rebalance|orders|maintenance`: commanding over REST. */
import { MalformedPayload } from '../protocol/codec.js';
import { wordsToCommand } from '../protocol/commands.js';
import { topicOf } from '../protocol/topics.js';
import { type RestClient, urlPath } from './client.js';
import { CliError, EXIT } from './exit.js';
import { say, table, type View } from './print.js';
import { ownPath } from './query.js';
import { type SendView, send } from './send.js';

export interface CmdView extends SendView {
  readonly dryRun?: boolean;
  /** Seconds. */
  readonly timeout?: number;
}

export async function cmd(
  client: RestClient,
  path: string,
  words: readonly string[],
  { dryRun, timeout, ...view }: CmdView,
): Promise<void> {
  // As words, so that one that is given both ways is told like one that is given twice.
  const flags = [
    ...(dryRun ? ['dry-run=true'] : []),
    ...(timeout === undefined ? [] : [`timeout=${timeout}`]),
  ];
  const { v: _version, ...command } = fromWords([...words, ...flags]);
  const { status } = await send(client, path, command, view);
  if (status === 'succeeded' && command.op === 'logs' && !view.json)
    process.stderr.write(
      `canopy: their lines were told by MQTT, on ${topicOf(ownPath(path), 'res')}; canopy logs prints them\n`,
    );
}

function fromWords([op = '', ...rest]: readonly string[]): Record<string, unknown> {
  try {
    return wordsToCommand(op, rest);
  } catch (error) {
    if (error instanceof MalformedPayload) throw new CliError(EXIT.usage, error.message);
    throw error;
  }
}

export interface ServiceOptions extends SendView {
  /** The node that sees to it. */
  readonly at: string;
  readonly label?: string;
  readonly strategy?: string;
  readonly [argument: string]: unknown;
}

/** What is an argument of the command, and not about how it is sent. */
function command(op: string, app: string, options: ServiceOptions, more: object = {}): object {
  const { at: _at, wait: _wait, json: _json, url: _url, quiet: _quiet, label, strategy, ...args } = options;
  const select = { app, ...(label !== undefined && { label }) };
  return { op, select, args: { ...args, ...more }, ...(strategy !== undefined && { strategy }) };
}

export async function scale(client: RestClient, app: string, count: number, options: ServiceOptions) {
  await send(client, options.at, command('scale', app, options, { count }), options);
}

export async function rebalance(client: RestClient, app: string, options: ServiceOptions) {
  await send(client, options.at, command('rebalance', app, options), options);
}

export async function maintenance(
  client: RestClient,
  path: string,
  mode: 'on' | 'off',
  { for: span, ...view }: SendView & { for?: number },
): Promise<void> {
  await send(
    client,
    path,
    { op: 'maintenance', args: { mode, ...(span !== undefined && { for: span }) } },
    view,
  );
}

interface Order {
  readonly app: string;
  readonly label?: string;
  readonly count: number;
  readonly running: number;
  readonly strategy: string;
  readonly lostAfter: number;
  readonly surplus: string;
  readonly by: string;
  readonly atOdds?: { readonly reason: string; readonly nextLookIn: number };
}

export async function orders(
  client: RestClient,
  path: string,
  { remove, label, ...view }: View & { remove?: string; label?: string },
): Promise<void> {
  const query = new URLSearchParams({ path: ownPath(path), ...(remove && label && { label }) });
  if (remove !== undefined) {
    await client.delete(`/api/v1/orders/${urlPath(remove)}?${query}`);
    return say(
      view,
      { app: remove, removed: true },
      `${remove}: the standing order is taken back; what runs goes on`,
    );
  }
  const found = await client.get<{ orders: Order[] }>(`/api/v1/orders?${query}`);
  const rows = found.orders.map(it => [
    it.label === undefined ? it.app : `${it.app} ${it.label}`,
    `${it.running}/${it.count}`,
    it.strategy,
    `${it.lostAfter} s`,
    it.surplus,
    it.by,
  ]);
  const odds = found.orders.flatMap(({ atOdds }) => (atOdds ? [`at odds: ${atOdds.reason}`] : []));
  const listed = table(['APP', 'RUNNING', 'STRATEGY', 'LOST AFTER', 'SURPLUS', 'BY'], rows);
  say(view, found, [listed, ...odds].join('\n'));
}
