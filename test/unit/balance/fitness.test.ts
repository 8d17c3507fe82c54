import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { capacities } from '../../../src/balance/capacity.js';
import type { Strategy } from '../../../src/balance/choose.js';
import { type Fitness, fitnessOf } from '../../../src/balance/fitness.js';
import { picked } from '../../../src/balance/picks.js';
import { isChange, sharesOf } from '../../../src/balance/shares.js';
import { unitsOf } from '../../../src/balance/units.js';
import { HEALTHS, LINKS, PHASES } from '../../../src/core/facts.js';
import type { NodeRecord, StateReport } from '../../../src/core/node-record.js';
import { at, beat, relay } from '../core/support.js';
import {
  arbRandom,
  arbStrategy,
  FAILING,
  type LeafSetup,
  MONO,
  maintained,
  RUNNING,
  registryOf,
  STANDBY,
} from './support.js';

/** What each leaf is to balancing. */
const CASES: Record<string, [Omit<LeafSetup, 'path'>, Fitness]> = {
  running: [{}, 'running'],
  starting: [{ state: { phase: 'starting', desired: 'running' } }, 'running'],
  'running in maintenance': [{ state: { ...RUNNING, ...maintained } }, 'held'],
  'late by one heartbeat': [{ age: 5001 }, 'held'],
  'not late yet': [{ age: 4999 }, 'running'],
  'never beaten': [{ beat: null }, 'held'],
  'without a word on what is desired': [{ state: { phase: 'running' } }, 'running'],
  'in backoff': [{ state: FAILING }, 'ailing'],
  failed: [{ state: { phase: 'failed', desired: 'running' } }, 'ailing'],
  'failing its probes': [{ state: { ...RUNNING, health: 'failing' }, beat: { health: 'failing' } }, 'ailing'],
  'failing in maintenance': [{ state: { ...FAILING, ...maintained } }, 'out'],
  'failing its probes in maintenance': [
    { state: { ...RUNNING, ...maintained, health: 'failing' }, beat: { health: 'failing' } },
    'out',
  ],
  'failing and late': [{ state: FAILING, age: 5001 }, 'out'],
  'a slot': [{ state: STANDBY }, 'free'],
  'a slot whose last run failed': [{ state: { ...STANDBY, phase: 'failed' } }, 'free'],
  'a slot in maintenance': [{ state: { ...STANDBY, ...maintained } }, 'out'],
  'a late slot': [{ state: STANDBY, age: 6000 }, 'out'],
  'a slot that never beat': [{ state: STANDBY, beat: null }, 'out'],
  'on its way down': [{ state: { phase: 'stopping', desired: 'stopped' } }, 'free'],
  'on its way down, and meant to run': [{ state: { phase: 'stopping', desired: 'running' } }, 'ailing'],
  lost: [{ state: { ...RUNNING, link: 'lost', reason: 'will' }, beat: null }, 'gone'],
  'said goodbye': [{ state: { ...STANDBY, link: 'offline' }, beat: null }, 'gone'],
};

describe('how a leaf stands', () => {
  for (const [name, [setup, fitness]] of Object.entries(CASES))
    test(name, () => {
      const registry = registryOf([{ path: 'web', ...setup }]);
      assert.equal(fitnessOf(registry, registry.get('web') as NodeRecord, MONO), fitness);
    });
  test('behind a relay that is lost, in maintenance, or has healed without it being heard', () => {
    const under = (more: Partial<StateReport>): Fitness => {
      const registry = registryOf([{ path: 'a/web' }], { a: {} });
      registry.applyState('a', relay(more), at(MONO));
      return fitnessOf(registry, registry.get('a/web') as NodeRecord, MONO);
    };
    assert.equal(under({}), 'running');
    assert.equal(under({ link: 'lost', reason: 'timeout' }), 'gone');
    assert.equal(under(maintained), 'held');
    const registry = registryOf([{ path: 'a/web' }], { a: {} });
    registry.applyState('a', relay({ link: 'lost', reason: 'timeout' }), at(MONO));
    registry.applyState('a', relay(), at(MONO + 10));
    assert.equal(fitnessOf(registry, registry.get('a/web') as NodeRecord, MONO + 20), 'held');
  });
  test('where the observer itself is in maintenance', () => {
    const registry = registryOf([{ path: 'web', state: STANDBY }]);
    registry.applyState('', relay(maintained), at(MONO));
    assert.equal(fitnessOf(registry, registry.get('web') as NodeRecord, MONO), 'out');
  });
});

test('the roll-up counts them, and says how loaded their machines are', () => {
  const registry = registryOf([
    {
      path: 'w1',
      state: { ...RUNNING, labels: { zone: 'a' } },
      beat: { cpu: 0.4, rss: 1000, load: 0.7, memory: 0.2 },
    },
    {
      path: 'w2',
      state: { ...RUNNING, ...maintained },
      beat: { cpu: 0.1, rss: 500, load: 0.1, memory: 0.9 },
    },
    {
      path: 'w3',
      state: { ...STANDBY, labels: { zone: 'a', disk: 'ssd' } },
      beat: { load: 0.3, memory: 0.1 },
    },
    { path: 'w4', state: STANDBY, beat: { load: 0.2, memory: 0.25 } },
    { path: 'w5', state: FAILING },
    { path: 'w6', state: { ...RUNNING, link: 'lost', reason: 'will' }, beat: null },
    { path: 'db', app: 'db' },
  ]);
  assert.deepEqual(capacities(registry, MONO), {
    web: {
      slots: 6,
      running: 2,
      held: 1,
      free: 2,
      ailing: 1,
      cpu: 0.5,
      rss: 1500,
      load: 0.325,
      memory: 0.363,
      least: 0.25,
      most: 0.9,
      labels: {
        'zone=a': { slots: 2, running: 1, free: 1 },
        'disk=ssd': { slots: 1, running: 0, free: 1 },
      },
    },
    db: { slots: 1, running: 1, free: 0, cpu: 0, rss: 0, most: 0.5 },
  });
});

test('a slot that still stops is taken last for a start', () => {
  const registry = registryOf([
    { path: 'a', state: { ...STANDBY, phase: 'stopping' }, beat: { load: 0.1, memory: 0.1 } },
    { path: 'b', state: STANDBY, beat: { load: 0.9, memory: 0.1 } },
  ]);
  const choice = { op: 'start', strategy: 'least-loaded', mono: MONO } as const;
  const chosen = (count: number) =>
    picked(registry, [...registry.all()], { ...choice, count }).map(({ path }) => path);
  assert.deepEqual([chosen(1), chosen(2)], [['b'], ['a', 'b']]);
  const loads = unitsOf(registry, { app: 'web' }, MONO).map(({ path, startLoad }) => [path, startLoad]);
  assert.deepEqual(loads, [
    ['a', 1],
    ['b', 0.9],
  ]);
  assert.equal(capacities(registry, MONO).web?.least, 0.9);
});

test('an app may be called as what every object has', () => {
  const registry = registryOf([{ path: 'edge', app: 'constructor', state: STANDBY }], { a: {} });
  registry.applyBeat('a', beat({ kind: 'relay', seq: 2, apps: {} }), at(MONO));
  const service = { app: 'constructor' };
  assert.deepEqual(
    unitsOf(registry, service, MONO).map(({ path }) => path),
    ['edge'],
  );
  assert.deepEqual(
    Object.entries(capacities(registry, MONO)).map(([app, { free }]) => [app, free]),
    [['constructor', 1]],
  );
});

test('units: leaves by themselves, relays by their roll-ups, plain bridges by what is below them', () => {
  const registry = registryOf([
    { path: 'edge', state: STANDBY },
    { path: 'a/hidden', state: STANDBY },
    { path: 'bridge/web', state: { ...RUNNING, labels: { zone: 'a' } } },
    { path: 'db', app: 'db' },
  ]);
  registry.applyState('a', relay(), at(MONO));
  const apps = {
    web: {
      slots: 5,
      running: 2,
      free: 3,
      cpu: 0,
      rss: 0,
      labels: { 'zone=a': { slots: 1, running: 1, free: 0 } },
    },
  };
  registry.applyBeat('a', beat({ kind: 'relay', apps }), at(MONO));
  const brief = (label?: string) =>
    unitsOf(registry, { app: 'web', ...(label !== undefined && { label }) }, MONO).map(
      ({ path, kind, running, free }) => [path, kind, running, free],
    );
  assert.deepEqual(brief(), [
    ['a', 'relay', 2, 3],
    ['bridge/web', 'leaf', 1, 0],
    ['edge', 'leaf', 0, 1],
  ]);
  assert.deepEqual(brief('zone=a'), [
    ['a', 'relay', 1, 0],
    ['bridge/web', 'leaf', 1, 0],
  ]);
  registry.applyState('a', relay(maintained), at(MONO));
  assert.deepEqual(brief()[0], ['a', 'relay', 2, 0], 'a relay that is unfit is counted, and gets nothing');
  registry.applyState('a', relay({ link: 'lost', reason: 'will' }), at(MONO));
  assert.equal(brief()[0]?.[0], 'bridge/web', 'one that is lost is neither');
});

const arbLeaf = fc.record({
  phase: fc.constantFrom(...PHASES),
  health: fc.constantFrom(...HEALTHS),
  link: fc.constantFrom(...LINKS, 'online' as const, 'online' as const),
  desired: fc.constantFrom('running' as const, 'stopped' as const),
  age: fc.constantFrom(0, 100, 4000, 6000, 60_000),
  inMaintenance: fc.boolean(),
  beats: fc.boolean(),
  under: fc.constantFrom('', 'a/', 'b/'),
});
const arbSetups = fc.array(arbLeaf, { maxLength: 12 }).map(leaves =>
  leaves.map(({ phase, health, link, desired, age, inMaintenance, beats, under }, index): LeafSetup => {
    const said = { phase, health, link, desired, ...(inMaintenance && maintained) };
    return {
      path: `${under}w${index}`,
      state: said,
      beat: beats && link === 'online' ? { health } : null,
      age,
    };
  }),
);
/** Said again in other words than the code's: who may never be chosen for anything. */
function unfit(setup: LeafSetup, lostRelay: boolean): boolean {
  const { health, phase, desired } = setup.state as Partial<StateReport>;
  const failing =
    desired === 'running' && (health === 'failing' || phase === 'backoff' || phase === 'failed');
  return failing || isHandsOff(setup, lostRelay);
}
function isHandsOff(setup: LeafSetup, lostRelay: boolean): boolean {
  const { link, maintenance } = setup.state as Partial<StateReport>;
  const stale = setup.beat === null || (setup.age ?? 0) > 5000;
  return link !== 'online' || maintenance != null || stale || (lostRelay && setup.path.startsWith('b/'));
}

test('no choice ever falls on one that is late, lost, failing, in maintenance or stale', () => {
  fc.assert(
    fc.property(
      arbSetups,
      fc.nat(12),
      arbStrategy,
      arbRandom,
      fc.boolean(),
      (setups, count, by, random, lostRelay) => {
        const registry = registryOf(setups, { a: {}, b: lostRelay ? { link: 'lost', reason: 'will' } : {} });
        const strategy = by as Strategy;
        const leaves = [...registry.all()].filter(({ kind }) => kind === 'leaf');
        const bad = new Set(setups.filter(setup => unfit(setup, lostRelay)).map(({ path }) => path));
        for (const op of ['start', 'stop', 'restart', 'signal', 'ping']) {
          const chosen = picked(registry, leaves, { op, count, strategy, mono: MONO });
          assert.ok(chosen.length <= count);
          for (const { path } of chosen) assert.ok(!bad.has(path) || path === '', `${op} ${path}`);
        }
        for (const { unit, added, count: share } of sharesOf(
          unitsOf(registry, { app: 'web' }, MONO),
          count,
          strategy,
          random,
        ).shares)
          if (unit.kind === 'leaf' && (added > 0 || share < unit.running))
            assert.ok(!bad.has(unit.path), unit.path);
      },
    ),
  );
});

test('nor is a failing one stopped where there is more to it than that', () => {
  fc.assert(
    fc.property(arbSetups, fc.nat(12), arbRandom, fc.boolean(), (setups, count, random, lostRelay) => {
      const registry = registryOf(setups, { a: {}, b: lostRelay ? { link: 'lost', reason: 'will' } : {} });
      const handsOff = setups.filter(setup => isHandsOff(setup, lostRelay)).map(({ path }) => path);
      const { shares } = sharesOf(unitsOf(registry, { app: 'web' }, MONO), count, 'spread', random);
      for (const share of shares.filter(isChange)) assert.ok(!handsOff.includes(share.unit.path));
    }),
  );
});

test('a failing leaf in maintenance is no part of any share, its relay tells of no failing one', () => {
  const registry = registryOf([{ path: 'a', state: { ...FAILING, ...maintained } }]);
  assert.deepEqual(unitsOf(registry, { app: 'web' }, MONO), []);
  const { slots, running, free, ailing } = capacities(registry, MONO).web ?? {};
  assert.deepEqual([slots, running, free, ailing], [1, 0, 0, undefined]);
});
