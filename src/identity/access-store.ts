/** Giving out and taking back secrets: each shown once, kept as a hash. */
import { join } from 'node:path';
import type { Clock } from '../core/clock.js';
import { CanopyError } from '../core/errors.js';
import type { PersonRole } from '../core/principal.js';
import {
  ACCESS,
  type AccessFile,
  type JoinRecord,
  type NodeSecretRecord,
  type TokenRecord,
} from './access-file.js';
import { hashSecret } from './hash.js';
import { KeptFile } from './kept-file.js';
import { newSecret, newToken, printJoinSecret, printToken } from './token-text.js';

export const ACCESS_FILE = 'access.json';
/** Milliseconds for which a record that has ended is kept, so that whoever shows it is told why it is refused. */
const REMEMBERED_MS = 30 * 24 * 3600 * 1000;

export interface NewToken {
  readonly name: string;
  readonly role: PersonRole;
  /** A path of this broker; '' is all of it. */
  readonly under: string;
  /** Milliseconds since the Unix epoch; null is never. */
  readonly expiresAt: number | null;
}
export interface NewNode {
  readonly name: string;
  readonly is: 'leaf' | 'relay';
  readonly expiresAt: number | null;
}

/** Of one node with a broker. Every change reads the file anew under a lock. */
export class AccessStore {
  readonly kept: KeptFile<AccessFile>;

  constructor(
    dataDir: string,
    private readonly clock: Clock,
    report?: (error: CanopyError) => void,
    private readonly hash: (secret: string) => Promise<string> = hashSecret,
  ) {
    this.kept = new KeptFile(join(dataDir, ACCESS_FILE), ACCESS, report);
  }

  get current(): AccessFile {
    return this.kept.current;
  }

  /** @throws CanopyError `name-in-use` where a token of this name is in force */
  async createToken({
    name,
    role,
    under,
    expiresAt,
  }: NewToken): Promise<{ text: string; record: TokenRecord }> {
    const token = newToken();
    const made = { id: token.id, name, role, under, createdAt: this.clock.now(), expiresAt };
    const record: TokenRecord = { ...made, hash: await this.hash(token.secret) };
    await this.update(file => {
      if (file.tokens.some(it => it.name === name && !this.hasEnded(it)))
        throw new CanopyError(
          'name-in-use',
          `a token named ${JSON.stringify(name)} is in force: revoke it first`,
        );
      return { ...file, tokens: [...file.tokens, record] };
    }, 'adds');
    return { text: printToken(token), record };
  }

  /** By name or id, or by its id alone. @throws CanopyError `no-such-credential` where none of it is in force */
  async revokeToken(which: string, by: 'either' | 'id' = 'either'): Promise<TokenRecord> {
    const fits = (it: TokenRecord): boolean => it.id === which || (by === 'either' && it.name === which);
    return this.revoke('tokens', fits, `token ${JSON.stringify(which)}`);
  }

  /** In the place of an earlier one of that node. */
  async createNodeSecret({
    name,
    is,
    expiresAt,
  }: NewNode): Promise<{ secret: string; record: NodeSecretRecord }> {
    const secret = newSecret();
    const record = { name, is, createdAt: this.clock.now(), expiresAt, hash: await this.hash(secret) };
    await this.update(
      file => ({ ...file, nodes: [...file.nodes.filter(it => it.name !== name), record] }),
      'adds',
    );
    return { secret, record };
  }

  /** @throws CanopyError `no-such-credential` */
  async revokeNodeSecret(name: string): Promise<NodeSecretRecord> {
    return this.revoke('nodes', it => it.name === name, `secret of a node ${JSON.stringify(name)}`);
  }

  /** Earlier ones for that name are revoked. `secret` is for the join token. */
  async createJoin({ name, is, expiresAt }: NewNode & { expiresAt: number }): Promise<{
    secret: string;
    record: JoinRecord;
  }> {
    const token = newToken();
    const now = this.clock.now();
    const record: JoinRecord = {
      id: token.id,
      name,
      is,
      createdAt: now,
      expiresAt,
      hash: await this.hash(token.secret),
    };
    await this.update(file => {
      const before = file.joins.map(it =>
        it.name === name && !this.hasEnded(it) ? { ...it, revokedAt: now } : it,
      );
      return { ...file, joins: [...before, record] };
    }, 'adds');
    return { secret: printJoinSecret(token), record };
  }

  /** By its id, for a later one of that name is not the one that was shown. Of two that hold the same one is told null. */
  async spendJoin(id: string): Promise<JoinRecord | null> {
    let spent: JoinRecord | null = null;
    await this.update(file => {
      const joins = file.joins.map(it => {
        if (it.id !== id || this.hasEnded(it)) return it;
        spent = { ...it, spentAt: this.clock.now() };
        return spent;
      });
      return { ...file, joins };
    });
    return spent;
  }

  /** @throws CanopyError `no-such-credential` */
  async revokeJoin(name: string): Promise<JoinRecord> {
    return this.revoke('joins', it => it.name === name, `join token of ${JSON.stringify(name)}`);
  }

  hasEnded(it: Ending): boolean {
    return endOf(it) <= this.clock.now();
  }

  private async revoke<K extends 'tokens' | 'nodes' | 'joins'>(
    list: K,
    fits: (it: AccessFile[K][number]) => boolean,
    what: string,
  ): Promise<AccessFile[K][number]> {
    let found: AccessFile[K][number] | undefined;
    await this.update(file => {
      const all = (file[list] as AccessFile[K][number][]).map(it => {
        if (!fits(it) || this.hasEnded(it)) return it;
        found = { ...it, revokedAt: this.clock.now() };
        return found;
      });
      return { ...file, [list]: all };
    });
    if (!found) throw new CanopyError('no-such-credential', `there is no ${what} in force`);
    return found;
  }

  private async update(change: (file: AccessFile) => AccessFile, adds?: 'adds'): Promise<void> {
    const oldest = this.clock.now() - REMEMBERED_MS;
    const young = <T extends Ending>(all: T[]): T[] => all.filter(it => endOf(it) > oldest);
    await this.kept.update(file => {
      const after = change(file);
      return { ...after, tokens: young(after.tokens), nodes: young(after.nodes), joins: young(after.joins) };
    }, adds);
    this.kept.look();
  }
}

export interface Ending {
  readonly expiresAt: number | null;
  readonly revokedAt?: number;
  readonly spentAt?: number;
}

/** Milliseconds since the Unix epoch from which on it opens nothing. */
export const endOf = ({ expiresAt, revokedAt, spentAt }: Ending): number =>
  Math.min(
    expiresAt ?? Number.POSITIVE_INFINITY,
    revokedAt ?? Number.POSITIVE_INFINITY,
    spentAt ?? Number.POSITIVE_INFINITY,
  );
