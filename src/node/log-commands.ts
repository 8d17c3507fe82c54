/** What `logs`, `follow` and `unfollow` may say, checked alike by the leaf and by whoever passes one on. */
import { type Arguments, flag, whole } from '../core/arguments.js';
import type { LogQuery } from '../core/log-lines.js';
import { LOG_ARGUMENTS, logQuery } from '../core/log-query.js';
import type { Command } from '../protocol/payloads.js';
import { onlyArguments } from './responder.js';

export const LOG_OPS: ReadonlySet<string> = new Set(['logs', 'follow', 'unfollow']);

/** Where a follower begins: all who follow a log share one topic, so nobody can have it filtered. */
export const FOLLOW_ARGUMENTS = ['tail', 'after', 'since'] as const;

const DEFAULT_TAIL = 100;
/** Bytes of lines that one answer may have. */
const DEFAULT_LIMIT = 1024 * 1024;
const MOST_LIMIT = 64 * 1024 * 1024;

export interface LogsRequest {
  readonly query: LogQuery;
  /** Bytes of lines. */
  readonly limit: number;
  /** The node's own log instead of its target's. */
  readonly self: boolean;
}

/** Throws `bad-argument`. */
export function logsOf(command: Command, now: number): LogsRequest {
  const { limit, self, ...rest } = onlyArguments(command, [...LOG_ARGUMENTS, 'limit', 'self']);
  const query = logQuery(rest, now);
  const from = query.tail ?? query.after ?? query.since;
  return {
    query: from === undefined ? { ...query, tail: DEFAULT_TAIL } : query,
    self: flag('self', self),
    limit: limit === undefined ? DEFAULT_LIMIT : whole('limit', limit, 1, MOST_LIMIT),
  };
}

/** Nothing given: from now on. Throws `bad-argument`. */
export function followOf(command: Command, now: number): LogQuery {
  const args: Arguments = onlyArguments(command, FOLLOW_ARGUMENTS);
  const query = logQuery(args, now);
  return { ...(Object.keys(query).length === 0 ? { tail: 0 } : query), follow: true };
}

/** Throws `bad-argument` where a leaf would refuse these arguments. `now`: ms since the epoch. */
export function checkLogArguments(command: Command, now: number): void {
  if (command.op === 'logs') logsOf(command, now);
  else if (command.op === 'follow') followOf(command, now);
  else onlyArguments(command, []);
}
