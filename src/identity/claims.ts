/** Which record a caller's secret is about, and who that makes it. Pure. */
import type { Credentials, Denial, Principal } from '../core/principal.js';
import type { AccessFile, JoinRecord, NodeSecretRecord, TokenRecord } from './access-file.js';
import { endOf } from './access-store.js';
import { parseJoinSecret, parseToken } from './token-text.js';

/** The user name of who holds a join token. */
export const JOIN_USER = 'join';

type Listed = TokenRecord | NodeSecretRecord | JoinRecord;

export interface Claim {
  readonly list: 'tokens' | 'nodes' | 'joins';
  /** An id, or the name of a node. */
  readonly key: string;
  /** What is to fit the record's hash. */
  readonly secret: string;
}

/** Null where nothing is shown that could be checked. The form of the secret decides; only a node's needs its name with it. */
export function claimOf({ username, secret }: Credentials): Claim | null {
  if (secret === undefined || secret === '') return null;
  const token = parseToken(secret);
  if (token) return { list: 'tokens', key: token.id, secret: token.secret };
  const join = username === JOIN_USER ? parseJoinSecret(secret) : null;
  if (join) return { list: 'joins', key: join.id, secret: join.secret };
  return username === undefined ? null : { list: 'nodes', key: username, secret };
}

export function recordOf(file: AccessFile, { list, key }: Pick<Claim, 'list' | 'key'>): Listed | null {
  if (list === 'nodes') return file.nodes.find(it => it.name === key) ?? null;
  return file[list].find(it => it.id === key) ?? null;
}

export function principalOf(record: Listed): Principal {
  if ('role' in record) return { kind: 'person', name: record.name, role: record.role, under: record.under };
  if ('id' in record) return { kind: 'joining', name: record.name };
  return { kind: 'node', name: record.name, is: record.is };
}

/** Only for who has proven to hold it: others are not told that it exists. `now`: ms since the epoch. */
export function ended(record: Listed, now: number): Denial | null {
  if (endOf(record) > now) return null;
  const what = 'role' in record ? 'token' : 'id' in record ? 'join token' : 'secret';
  const { revokedAt, spentAt } = record as JoinRecord;
  if (spentAt !== undefined && spentAt <= now)
    return { code: 'revoked', reason: `this join token was used at ${at(spentAt)}: a new one is needed` };
  if (revokedAt !== undefined && revokedAt <= now)
    return { code: 'revoked', reason: `this ${what} was revoked at ${at(revokedAt)}` };
  return { code: 'expired-credentials', reason: `this ${what} expired at ${at(record.expiresAt ?? 0)}` };
}

export const at = (ms: number): string => new Date(ms).toISOString();
