/**
 * Leaves, targets and relays killed at random, an operator at work: at every quiet point one copy of what should run, none
 * of what should not, and the root says so. CANOPY_TEST_ROUNDS=200 for a long run, SEED= to repeat one:
 * CANOPY_TEST_ROUNDS=200 node --test --test-timeout=1200000 dist/test/e2e/chaos.test.js
 */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { Chaos } from '../support/chaos.js';
import { breaches } from '../support/history.js';
import { mulberry, seedOf } from '../support/random.js';
import { Sandbox } from '../support/sandbox.js';

const GIVEN = process.env.CANOPY_TEST_ROUNDS;
const ROUNDS = Number(GIVEN ?? 25);
/** Milliseconds after which a short run begins no further round, on a machine with other work to do. */
const SHORT_MS = GIVEN === undefined ? 20_000 : Number.POSITIVE_INFINITY;
const EACH = 6;
/** Entries of the history that a failure shows. */
const TAIL = 60;

describe('chaos', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  const box = new Sandbox({ after });

  it(`${ROUNDS} rounds of kills over twelve leaves on two relays`, async t => {
    const seed = seedOf(process.env);
    t.diagnostic(`SEED=${seed}`);
    const chaos = await Chaos.grow(box, mulberry(seed), EACH);
    const tell = (what: string): string => {
      const tail = chaos.history.map((entry, at) => `#${at} ${JSON.stringify(entry)}`).slice(-TAIL);
      return `${what}\nSEED=${seed}\n${tail.join('\n')}`;
    };
    try {
      await chaos.settle();
      const until = performance.now() + SHORT_MS;
      for (let round = 0; round < ROUNDS && performance.now() < until; round++) {
        if (breaches(chaos.history).length > 0) break;
        await chaos.round();
        await chaos.settle();
      }
    } catch (error) {
      assert.fail(tell((error as Error).message));
    }
    const found = breaches(chaos.history);
    assert.deepEqual(found, [], tell(found.join('\n')));
    const count = (type: string) => chaos.history.filter(entry => entry.type === type).length;
    t.diagnostic(`${count('kill')} kills, ${count('ordered')} orders, ${count('quiet')} quiet points`);
  });
});
