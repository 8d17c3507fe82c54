import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maintenanceAt, maintenanceOf } from '../../../src/core/maintenance.js';
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
