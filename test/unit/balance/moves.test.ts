import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { movesOf } from '../../../src/balance/moves.js';
import type { NodeRecord } from '../../../src/core/node-record.js';
import { type LeafSetup, MONO, maintained, RUNNING, registryOf, STANDBY } from './support.js';

const on = (
  host: string,
  path: string,
  load: number,
  more: Partial<LeafSetup> = {},
  cpu = 0.2,
): LeafSetup => ({
  path,
  ...more,
  state: { ...RUNNING, host: { name: host, cores: 2 }, ...more.state },
  beat: { load, memory: 0.1, cpu, ...more.beat },
});
const slotOn = (host: string, path: string, load: number): LeafSetup =>
  on(host, path, load, { state: STANDBY });
const moves = (leaves: LeafSetup[], maxMoves = 5, hysteresis = 0.2) => {
  const registry = registryOf(leaves);
  const records = [...registry.all()] as NodeRecord[];
  return movesOf(registry, records, { maxMoves, hysteresis }, MONO).map(({ from, to }) => `${from}>${to}`);
};

test('from the most loaded machine to the least loaded one, while it is worth it', () => {
  const busy = [on('box1', 'a1', 0.9), on('box1', 'a2', 0.9), on('box2', 'b1', 0.5)];
  const free = [slotOn('box3', 'c1', 0.1), slotOn('box3', 'c2', 0.1), slotOn('box2', 'b2', 0.5)];
  assert.deepEqual(moves([...busy, ...free]), ['a1>c1', 'a2>c2']);
  assert.deepEqual(moves([...busy, ...free], 1), ['a1>c1'], 'no more than allowed');
  assert.deepEqual(moves([...busy, ...free], 5, 0.75), ['a1>c1'], 'the second is not worth it');
  assert.deepEqual(moves([...busy, ...free], 5, 0.9), []);
  assert.deepEqual(moves([...busy]), [], 'no slot');
  assert.deepEqual(
    moves([on('box1', 'a1', 0.9), slotOn('box1', 'a2', 0.9)], 5, 0),
    [],
    'on the same machine',
  );
  assert.deepEqual(
    moves([on('box1', 'a1', 0.6, {}, 1), slotOn('box2', 'b1', 0.3)], 5, 0.2),
    [],
    'it would be the loaded one then',
  );
  const covered = [on('box1', 'a1', 0.9, { state: maintained }), slotOn('box2', 'b1', 0.1)];
  assert.deepEqual(moves(covered), [], 'in maintenance');
  const stopping = on('box2', 'b1', 0.1, { state: { ...STANDBY, phase: 'stopping' } });
  assert.deepEqual(moves([on('box1', 'a1', 0.9), stopping]), [], 'one that still stops');
});

test('each instance and slot at most once, and every move goes downhill', () => {
  const arbLeaf = fc.record({
    host: fc.nat(4),
    runs: fc.boolean(),
    cpu: fc.double({ min: 0, max: 2, noNaN: true }),
  });
  const arbLoads = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 5, maxLength: 5 });
  fc.assert(
    fc.property(
      fc.array(arbLeaf, { maxLength: 14 }),
      arbLoads,
      fc.integer({ min: 1, max: 20 }),
      (leaves, loads, most) => {
        const setups = leaves.map(({ host, runs, cpu }, index) =>
          on(`box${host}`, `w${index}`, loads[host] as number, { state: runs ? RUNNING : STANDBY }, cpu),
        );
        const registry = registryOf(setups);
        const found = movesOf(registry, [...registry.all()], { maxMoves: most, hysteresis: 0.1 }, MONO);
        assert.ok(found.length <= most);
        const touched = found.flatMap(({ from, to }) => [from, to]);
        assert.equal(new Set(touched).size, touched.length);
        for (const { fromLoad, toLoad } of found) assert.ok(fromLoad - toLoad > 0.1 - 0.002);
      },
    ),
  );
});
