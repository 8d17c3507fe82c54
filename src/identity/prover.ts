/** Whether a secret fits its hash: dear, so a success is remembered, and who fails too often is not looked at for a while. */
import { createHmac, randomBytes } from 'node:crypto';
import { Buckets } from '../core/buckets.js';
import type { Clock } from '../core/clock.js';
import type { Denial } from '../core/principal.js';
import { addressKey } from '../core/remote-address.js';
import type { Claim } from './claims.js';
import { BY_ADDRESS, BY_NAME, BY_NAME_ANYWHERE } from './failures.js';
import { Gate } from './gate.js';
import { fitsHash } from './hash.js';

/** Of the pool's four threads; a hash takes about 0.3 s of CPU. As many as WAITING may wait for their turn. */
const AT_WORK = 2;
const WAITING = 500;
const MOST_REMEMBERED = 10_000;
/** Of no secret: an unknown name takes as long as a known one. */
const NOBODY = `$scrypt$ln=14,r=8,p=5$${'A'.repeat(22)}$${'A'.repeat(43)}`;
export const WRONG: Denial = {
  code: 'bad-credentials',
  reason: 'there is nobody of that name and secret, or token',
};

const TOO_MANY: Denial = {
  code: 'slow-down',
  reason: 'too many wait to be looked at: try again in a few seconds',
};

/** What one claim is counted by, each with its bucket. */
type Keys = readonly (readonly [Buckets, string])[];

export class Prover {
  private readonly addresses: Buckets;
  private readonly names: Buckets;
  private readonly namesAnywhere: Buckets;
  private readonly gate = new Gate(AT_WORK, WAITING);
  private readonly memoryKey = randomBytes(32);
  /** By the HMAC of what was shown: the hash that it fitted. Those proven last stand last. */
  private readonly remembered = new Map<string, string>();

  constructor(clock: Clock) {
    this.addresses = new Buckets(BY_ADDRESS, () => clock.mono());
    this.names = new Buckets(BY_NAME, () => clock.mono());
    this.namesAnywhere = new Buckets(BY_NAME_ANYWHERE, () => clock.mono());
  }

  /** Null where it fits. `hash` undefined: nobody of that name or id is known. */
  async prove(claim: Claim, hash: string | undefined, address: string): Promise<Denial | null> {
    const mark = this.markOf(claim);
    // One that has been replaced has another hash: what was remembered of it counts no more.
    if (hash !== undefined && this.remembered.get(mark) === hash) return null;
    const denial = await this.limited(claim, hash, address);
    if (denial === null && hash !== undefined) this.remember(mark, hash);
    return denial;
  }

  private async limited(claim: Claim, hash: string | undefined, address: string): Promise<Denial | null> {
    const keys = this.keysOf(claim, addressKey(address));
    const denial = this.slowDown(keys);
    if (denial) return denial;
    // The id of a token is 48 random bits, which nobody finds out by the clock; names of nodes are known or guessed.
    if (hash === undefined && claim.list !== 'nodes') return this.failed(keys);
    // Looked at again when its turn has come: a thousand guesses at once get no further than one after the other.
    const answer = await this.gate.run(async () => {
      const late = this.slowDown(keys);
      if (late) return { denial: late };
      const fits = await fitsHash(claim.secret, hash ?? NOBODY);
      return { denial: fits && hash !== undefined ? null : this.failed(keys) };
    });
    return answer ? answer.denial : TOO_MANY;
  }

  private keysOf({ list, key }: Claim, from: string): Keys {
    const name = `${list} ${key.slice(0, 64)}`;
    return [
      [this.addresses, from],
      [this.names, `${name} ${from}`],
      [this.namesAnywhere, name],
    ];
  }

  private slowDown(keys: Keys): Denial | null {
    const wait = Math.ceil(Math.max(...keys.map(([buckets, key]) => buckets.wait(key))));
    if (wait === 0) return null;
    return { code: 'slow-down', reason: `it has failed too often: try again in ${wait} s` };
  }

  private failed(keys: Keys): Denial {
    for (const [buckets, key] of keys) buckets.spend(key);
    return WRONG;
  }

  private markOf({ list, key, secret }: Claim): string {
    return createHmac('sha256', this.memoryKey)
      .update(JSON.stringify([list, key, secret]))
      .digest('base64');
  }

  private remember(mark: string, hash: string): void {
    this.remembered.delete(mark);
    this.remembered.set(mark, hash);
    const [oldest] = this.remembered.keys();
    if (this.remembered.size > MOST_REMEMBERED && oldest !== undefined) this.remembered.delete(oldest);
  }
}
