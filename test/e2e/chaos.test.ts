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

const ROUNDS = Number(process.env.CANOPY_TEST_ROUNDS ?? 25);
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
      for (let round = 0; round < ROUNDS && breaches(chaos.history).length === 0; round++) {
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
