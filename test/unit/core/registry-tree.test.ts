import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lastName, parentOf } from '../../../src/core/names.js';
import { isStandIn } from '../../../src/core/node-record.js';
import { Registry } from '../../../src/core/registry.js';
import { arbPath, at, relay, state, taken } from './support.js';

const paths = (registry: Registry): string[] => [...registry.all()].map(record => record.path).sort();

test('forgetting takes the subtree along, and nothing beside it', () => {
  const registry = new Registry();
  for (const path of ['rack1', 'rack1/a', 'rack1/sub', 'rack1/sub/b', 'rack10', 'rack10/c'])
    taken(registry, path, state(), 1);
  assert.deepEqual(registry.forget('rack1').sort(), ['rack1', 'rack1/a', 'rack1/sub', 'rack1/sub/b']);
  assert.deepEqual(paths(registry), ['rack10', 'rack10/c']);
  assert.deepEqual(registry.childrenOf(''), ['rack10']);
  assert.deepEqual(registry.childrenOf('rack1'), []);
  assert.deepEqual(registry.forget('rack1'), []);
});

test('what was forgotten comes back as if new, whatever its epoch was', () => {
  const registry = new Registry();
  taken(registry, 'web', state({ epoch: 20 }), 1);
  registry.forget('web');
  const applied = registry.applyState('web', state({ epoch: 5 }), at(2));
  assert.ok(!applied.stale);
  assert.equal(applied.from, null);
});

test('a node heard before those above it makes them stand-ins, until they speak', () => {
  const registry = new Registry();
  taken(registry, 'dc1/rack1/web', state(), 1);
  assert.deepEqual(paths(registry), ['dc1', 'dc1/rack1', 'dc1/rack1/web']);
  for (const path of ['dc1', 'dc1/rack1']) {
    const record = registry.get(path);
    assert.ok(record && isStandIn(record));
    assert.deepEqual([record.kind, record.link, record.epoch, record.heardAt], [null, 'online', null, null]);
  }
  taken(registry, 'dc1', relay({ epoch: 3 }), 2);
  assert.equal(isStandIn(registry.get('dc1') ?? { epoch: null }), false);
});

test('only a stand-in is heard through what is below it', () => {
  const registry = new Registry();
  taken(registry, 'mosquitto/web', state(), 1);
  taken(registry, 'rack1', relay(), 1);
  assert.equal(registry.heardThrough('mosquitto', at(5))?.heardAt?.mono, 5);
  assert.equal(registry.heardThrough('rack1', at(5)), null);
  assert.equal(registry.heardThrough('nowhere', at(5)), null);
  assert.equal(registry.get('rack1')?.heardAt?.mono, 1);
});

test('a stand-in that its parent speaks for stays one', () => {
  const registry = new Registry();
  taken(registry, 'mosquitto/web', state(), 1);
  taken(registry, 'mosquitto', relay({ epoch: 0, link: 'lost', reason: 'timeout' }), 2);
  const record = registry.get('mosquitto');
  assert.ok(record && isStandIn(record));
  assert.deepEqual([record.link, record.cause, record.seenAt], ['lost', 'timeout', null]);
});

test('whatever comes and goes: every node but the top has its parent, and is among its children', () => {
  const arbChange = fc.record({ path: arbPath, forget: fc.boolean() });
  fc.assert(
    fc.property(fc.array(arbChange, { maxLength: 40 }), changes => {
      const registry = new Registry();
      for (const [index, { path, forget }] of changes.entries()) {
        if (forget) registry.forget(path);
        else taken(registry, path, state(), index);
      }
      let children = 0;
      for (const { path } of registry.all()) {
        children += registry.childrenOf(path).length;
        if (path === '') continue;
        assert.ok(registry.childrenOf(parentOf(path)).includes(path), path);
        if (parentOf(path) !== '') assert.ok(registry.get(parentOf(path)), path);
        assert.ok(path.endsWith(lastName(path)));
      }
      const top = registry.get('') ? 1 : registry.childrenOf('').length;
      assert.equal(children + top, registry.size);
    }),
  );
});
