/**
 * Faults by a seed, one after the other, on machines of their own, while commands go on: no verdict wrong beyond its bound, every
 * event once and in order, no command lost or done twice. CANOPY_TEST_FAULTS=100 for a long run, SEED= to repeat one:
 * CANOPY_TEST_FAULTS=100 node --test --test-timeout=3000000 dist/test/partition/faults.test.js
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { byClockIn } from '../support/faketime.js';
import { mountSmall } from '../support/full-disk.js';
import { Network, noNetwork } from '../support/net/network.js';
import { commandBreaches, eventBreaches, type Told } from '../support/net/record.js';
import { type Places, Schedule } from '../support/net/schedule.js';
import { MACHINES, NetTree } from '../support/net/tree.js';
import { skipWithout } from '../support/parts.js';
import { mulberry, seedOf } from '../support/random.js';
import { Sandbox } from '../support/sandbox.js';

const FAULTS = Number(process.env.CANOPY_TEST_FAULTS ?? 6);
const COUNTING = 'trap "echo x >>$0" USR1; while :; do sleep 3600 & wait $!; kill $! 2>/dev/null; done';

describe('faults', { skip: noNetwork() || skipWithout('faketime') }, () => {
  const net = new Network({ after }, MACHINES);
  const box = new Sandbox({ after });
  const places: Places = {
    disks: new Map(
      ['r1', 'r2'].flatMap(name => {
        const dir = mountSmall({ after }, '8m');
        return dir === null ? [] : [[name, dir] as const];
      }),
    ),
    clocks: new Map(['a1', 'b2', 'r2'].map(name => [name, box.path(`clock-${name}`)])),
  };
  const isLeaf = (name: string): boolean => /^[ab]\d$/.test(name);
  let tree: NetTree;

  before(async () => {
    const settings = (name: string) => ({
      ...(isLeaf(name) && { target: `sh -c '${COUNTING}' ${box.path(`effects-${name}`)}` }),
      ...(places.disks.has(name) && { data_dir: `${places.disks.get(name)}/data` }),
    });
    for (const file of places.clocks.values()) writeFileSync(file, '+0');
    const wrap = (name: string): string[] => {
      const file = places.clocks.get(name);
      return file === undefined ? [] : byClockIn(file);
    };
    tree = await NetTree.grow(box, net, settings, wrap);
  });

  it(`${FAULTS} of them`, async t => {
    const seed = seedOf(process.env);
    t.diagnostic(`SEED=${seed}`);
    const schedule = new Schedule(tree, mulberry(seed), places);
    const tell = (what: string): string => `${what}\nSEED=${seed}\n${schedule.done.join('\n')}`;
    for (let nth = 0; nth < FAULTS; nth++) {
      await schedule.round();
      await tree.truth().catch(error => assert.fail(tell(error.message)));
      assert.deepEqual(tree.judge(), [], tell('verdicts'));
    }
    await schedule.finish();
    await tree.truth();
    const events = await told();
    assert.deepEqual(eventBreaches(events), [], tell('events'));
    const effects = new Map([...schedule.outcomes.keys()].map(leaf => [leaf, effectsOf(leaf)]));
    assert.deepEqual(commandBreaches(schedule.outcomes, effects), [], tell('commands'));
    const all = [...schedule.outcomes.values()].flat();
    const done = all.filter(it => it === 'done').length;
    t.diagnostic(`${all.length} commands, ${done} done; ${events.length} events`);
    for (const fault of schedule.done) t.diagnostic(fault);
    assert.ok(done > 0 && events.length > 0);
  });

  const effectsOf = (leaf: string): number => {
    try {
      return readFileSync(box.path(`effects-${leaf}`), 'utf8').split('\n').length - 1;
    } catch {
      return 0;
    }
  };

  async function told(): Promise<Told[]> {
    const found: Told[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query = `event=evt&order=oldest&limit=1000${cursor && `&cursor=${cursor}`}`;
      const { body } = await tree.ask('root', 'GET', `/api/v1/events?${query}`);
      found.push(...body.events);
      cursor = body.nextCursor;
    }
    return found;
  }
});
