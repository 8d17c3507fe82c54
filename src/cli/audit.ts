/** `canopy audit`: who did what, the newest last. */
import { type Command, Option } from 'commander';
import { AUDIT_OUTCOMES, type AuditEntry } from '../core/audit-entry.js';
import type { RestClient } from './client.js';
import { count } from './numbers.js';
import { say, table, type View } from './print.js';
import { ownPath } from './query.js';

export interface AuditOptions {
  readonly since?: string;
  readonly by?: string;
  readonly path?: string;
  readonly op?: string;
  readonly outcome?: string;
  /** Entries at most. */
  readonly limit: number;
}

interface Page {
  readonly entries: AuditEntry[];
  readonly nextCursor: string | null;
}

export const auditing = (command: Command, rest: (url: string) => RestClient): Command =>
  command
    .option('--since <time>', 'an age such as 10m or 1h30m, an ISO 8601 time, or ms since the epoch')
    .option('--by <name>', 'of whom')
    .option('--path <path>', "about that node and all below it; '.' is the one that answers")
    .option('--op <op>', 'a command, login, request, token create, …')
    .addOption(new Option('--outcome <outcome>').choices(AUDIT_OUTCOMES))
    .option('-n, --limit <count>', 'the last so many', count, 100)
    .action(({ url, json, ...options }: AuditOptions & { url: string; json?: boolean }) =>
      audit(rest(url), options, { ...(json && { json }) }),
    );

async function audit(client: RestClient, options: AuditOptions, view: View): Promise<void> {
  const entries = (await listed(client, options)).reverse();
  say(view, { entries }, table(['TIME', 'BY', 'FROM', 'VIA', 'PATH', 'OP', 'OUTCOME', ''], entries.map(row)));
}

async function listed(client: RestClient, { limit, path, ...filter }: AuditOptions): Promise<AuditEntry[]> {
  const found: AuditEntry[] = [];
  let cursor: string | null = null;
  do {
    const asked = {
      ...filter,
      ...(path !== undefined && { path: ownPath(path) }),
      ...(cursor && { cursor }),
    };
    const query = new URLSearchParams({ ...asked, limit: String(Math.min(1000, limit - found.length)) });
    const page: Page = await client.get(`/api/v1/audit?${query}`);
    found.push(...page.entries);
    cursor = page.nextCursor;
  } while (cursor !== null && found.length < limit);
  return found;
}

const row = ({ ts, by, address, via, path, op, outcome, code, about, unwritten }: AuditEntry): string[] => [
  new Date(ts).toISOString(),
  printable(by) || '-',
  address || '-',
  via,
  path === null ? '-' : path || '.',
  printable(op),
  outcome,
  [code, about && printable(about), unwritten && `and ${unwritten} like it`].filter(Boolean).join(', '),
];

/** What strangers choose must not reach the terminal as its own orders. */
const printable = (text: string): string => text.replace(/[\p{C}]/gu, '\ufffd');
