import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  isOver,
  lift,
  type Maintenance,
  maintenanceAt,
  maintenanceOf,
} from '../../../src/core/maintenance.js';
import type { NodeRecord, StateReport } from '../../../src/core/node-record.js';
import { Registry } from '../../../src/core/registry.js';
import { at, relay, state } from './support.js';

test('what the words ask for', () => {
  const NOW = 1_000_000;
  const asked = (args: object) => maintenanceOf(args as Record<string, unknown>, 'ops', NOW);
  assert.deepEqual(asked({ mode: 'on' }), { since: NOW, until: null, by: 'ops' });
  assert.deepEqual(asked({ mode: 'on', for: 1.5 }), { since: NOW, until: NOW + 1500, by: 'ops' });
  assert.deepEqual(asked({ mode: 'on', until: NOW + 1 }), { since: NOW, until: NOW + 1, by: 'ops' });
  assert.equal(asked({ mode: 'off' }), null);
  const wrong: [object, RegExp][] = [
    [{}, /mode: expected one of on, off, found none/],
    [{ mode: true }, /found true/],
    [{ mode: 'off', for: 3 }, /only with on/],
    [{ mode: 'on', for: 3, until: NOW + 1 }, /found both/],
    [{ mode: 'on', for: 0 }, /for: expected seconds above 0/],
    [{ mode: 'on', for: '3' }, /found "3"/],
    [{ mode: 'on', until: NOW }, /until: expected .* later than now/],
    [{ mode: 'on', until: 1.5 }, /found 1.5/],
    [{ mode: 'on', why: 'x' }, /takes mode, for, until, found "why"/],
  ];
  for (const [args, message] of wrong) assert.throws(() => asked(args), { code: 'bad-argument', message });
});

test('a node is covered by its own, or by that of the nearest above it, the observer included', () => {
  const registry = new Registry();
  const on = (since: number) => ({ maintenance: { since, until: null, by: 'ops' } });
  registry.applyState('', relay(), at(1));
  registry.applyState('a', relay(), at(1));
  registry.applyState('a/web', state(), at(1));
  assert.equal(maintenanceAt(registry, 'a/web'), null);
  registry.applyState('', relay(on(1)), at(2));
  assert.equal(maintenanceAt(registry, 'a/web')?.at, '');
  registry.applyState('a', relay(on(2)), at(2));
  assert.equal(maintenanceAt(registry, 'a/web')?.at, 'a');
  registry.applyState('a/web', state(on(3)), at(2));
  assert.deepEqual(maintenanceAt(registry, 'a/web'), { at: 'a/web', maintenance: on(3).maintenance });
  registry.applyState('a/web', state({ ...on(3), link: 'lost', reason: 'will' }), at(3));
  assert.equal(maintenanceAt(registry, 'a/web')?.at, 'a/web', 'a loss does not lift it');
  registry.applyState('a/web', state(), at(4));
  assert.equal(maintenanceAt(registry, 'a/web')?.at, 'a', 'a state without it does');
});

describe('an observer lifts what nobody else lifts', () => {
  const ON = { since: 1, until: 10_000, by: 'ops' };
  const cases: [string, Maintenance | null, number[] | null, number, boolean][] = [
    ['none', null, [0], 99_999, false],
    ['one without an end', { ...ON, until: null }, [0], 99_999, false],
    ['a moment before its end', ON, [0], 9999, false],
    ['at its end', ON, [0], 10_000, true],
    ['of a clock that is ahead', ON, [3000], 7000, true],
    ['of a clock that is ahead, before', ON, [3000], 6999, false],
    ['of a clock that is behind', ON, [-3000], 12_999, false],
    ['of a clock that is behind, after', ON, [-3000, -3700], 13_000, true],
    ['of a clock that was not heard yet', ON, null, 10_499, false],
    ['of a clock that was not heard yet, after what it may be off', ON, null, 10_500, true],
  ];
  for (const [name, maintenance, skew, now, over] of cases)
    test(name, () => assert.equal(isOver({ maintenance, skew, lifted: null }, now, 500), over));

  test('told again by a slower clock it does not begin again; another one does', () => {
    const registry = new Registry();
    const lost = { link: 'lost', reason: 'will' } as const;
    registry.applyState('web', state({ maintenance: ON }), at(1));
    const record = registry.get('web') as NodeRecord;
    lift(record);
    const told = (report: Partial<StateReport>, when: number) => {
      registry.applyState('web', state(report), at(when));
      return registry.get('web')?.maintenance;
    };
    assert.equal(told({ maintenance: ON }, 2), null);
    assert.equal(told({ ...lost, maintenance: ON }, 3), null);
    assert.deepEqual(told({ maintenance: { ...ON, since: 2 } }, 4), { ...ON, since: 2 });
    assert.deepEqual(told(lost, 5), { ...ON, since: 2 });
    assert.equal(told({ maintenance: null }, 6), null);
  });
});
