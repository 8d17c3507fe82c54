import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  afterwards,
  type Decision,
  decide,
  followsLoss,
  type Instance,
  instanceOf,
  type StandingOrder,
  SURPLUS_RULES,
} from '../../../src/balance/standing-order.js';
import type { NodeRecord } from '../../../src/core/node-record.js';
import { at, relay } from '../core/support.js';
import { standingOrder } from './orders.js';
import { FAILING, MONO, RUNNING, registryOf, STANDBY } from './support.js';

const instance = (path: string, more: Partial<Instance> = {}): Instance => ({
  path,
  fitness: 'running',
  ready: true,
  meant: true,
  uptime: 100,
  sinceMono: 0,
  ...more,
});
const NOW = { now: 100_000, begun: 0 };
const lost = (path: string, agoMs: number) =>
  instance(path, { fitness: 'gone', ready: false, sinceMono: NOW.now - agoMs });
const idle = (path: string) => instance(path, { fitness: 'free', ready: false, meant: false });

test('what is decided', () => {
  const two = [instance('a'), instance('b')];
  const table: [string, Partial<StandingOrder>, Instance[], Decision, Partial<typeof NOW>?][] = [
    ['enough', {}, two, { do: 'nothing', missing: 0 }],
    ['too few from the start', {}, [instance('a'), idle('b')], { do: 'start', count: 2, instead: [] }],
    ['lost a moment ago', {}, [instance('a'), lost('b', 29_999)], { do: 'nothing', missing: 1 }],
    ['lost for long', {}, [instance('a'), lost('b', 30_000)], { do: 'start', count: 2, instead: [] }],
    [
      'lost, but never meant to run',
      {},
      [instance('a'), { ...lost('b', 1000), meant: false }],
      { do: 'start', count: 2, instead: [] },
    ],
    [
      'failing a moment ago',
      {},
      [instance('a'), { ...lost('b', 10), fitness: 'ailing' }],
      { do: 'nothing', missing: 1 },
    ],
    [
      'failing for long',
      {},
      [instance('a'), { ...lost('b', 40_000), fitness: 'ailing' }],
      { do: 'start', count: 2, instead: [] },
    ],
    [
      'failing for long, and another is free',
      {},
      [instance('a'), { ...lost('b', 40_000), fitness: 'ailing' }, idle('c')],
      { do: 'start', count: 2, instead: ['b'] },
    ],
    [
      'not heard for long enough itself',
      {},
      [instance('a'), lost('b', 90_000)],
      { do: 'nothing', missing: 1 },
      { begun: 80_000 },
    ],
    [
      'one on its way counts',
      {},
      [instance('a'), instance('b', { ready: false })],
      { do: 'nothing', missing: 0 },
    ],
    [
      'held ones count',
      {},
      [instance('a'), instance('b', { fitness: 'held' })],
      { do: 'nothing', missing: 0 },
    ],
    [
      'back again: the replacement goes',
      { replacements: ['c'] },
      [...two, instance('c')],
      { do: 'stop', paths: ['c'] },
    ],
    [
      'of several replacements the latest',
      { count: 1, replacements: ['c', 'd'] },
      [instance('a'), instance('c'), instance('d')],
      { do: 'stop', paths: ['d', 'c'] },
    ],
    [
      'not before it is ready',
      { replacements: ['c'] },
      [instance('a'), instance('b', { ready: false }), instance('c')],
      { do: 'nothing', missing: 0 },
    ],
    [
      'the replacement stays',
      { surplus: 'replacement', replacements: ['c'] },
      [instance('a', { sinceMono: 1 }), instance('b', { sinceMono: 9 }), instance('c')],
      { do: 'stop', paths: ['b'] },
    ],
    [
      'the one that has run longest stays',
      { surplus: 'longest', count: 1 },
      [instance('a', { uptime: 5 }), instance('b', { uptime: 50 })],
      { do: 'stop', paths: ['a'] },
    ],
    [
      'one that is held is never stopped',
      {},
      [instance('a', { fitness: 'held' }), instance('b'), instance('c', { fitness: 'held' })],
      { do: 'stop', paths: ['b'] },
    ],
    [
      'a failing one goes when there are enough',
      {},
      [...two, { ...lost('c', 10), fitness: 'ailing' }],
      { do: 'stop', paths: ['c'] },
    ],
    [
      'failing in maintenance a moment ago',
      {},
      [instance('a'), { ...lost('b', 10), fitness: 'out' }, idle('c')],
      { do: 'nothing', missing: 1 },
    ],
    [
      'failing in maintenance for long: another one is started, and it is left alone',
      {},
      [instance('a'), { ...lost('b', 40_000), fitness: 'out' }, idle('c')],
      { do: 'start', count: 2, instead: [] },
    ],
    [
      'failing in maintenance when there are enough',
      {},
      [...two, { ...lost('c', 40_000), fitness: 'out' }],
      { do: 'nothing', missing: 0 },
    ],
    [
      'a slot in maintenance is not waited for',
      {},
      [instance('a'), { ...idle('b'), fitness: 'out', sinceMono: NOW.now }, idle('c')],
      { do: 'start', count: 2, instead: [] },
    ],
  ];
  for (const [name, more, instances, expected, when] of table)
    assert.deepEqual(decide(standingOrder(more), instances, { ...NOW, ...when }), expected, name);
});

test('what is remembered of who replaced whom', () => {
  const after = (more: Partial<StandingOrder>, done: Parameters<typeof afterwards>[1]) =>
    afterwards(standingOrder(more), done).replacements;
  assert.deepEqual(after({}, { started: ['c'] }), ['c']);
  assert.deepEqual(after({ replacements: ['c'] }, { started: ['d'] }), ['c', 'd']);
  assert.deepEqual(after({ replacements: ['c', 'd'] }, { stopped: ['c'] }), ['d']);
  assert.deepEqual(after({ replacements: ['c'] }, { started: ['c'] }), ['c'], 'once');
  assert.deepEqual(
    after({ surplus: 'replacement', replacements: ['c'] }, { stopped: ['a'] }),
    [],
    'it is the original now',
  );
});

test('an instance as its observer sees it', () => {
  const registry = registryOf(
    [
      { path: 'a/w1' },
      { path: 'a/w2', state: STANDBY },
      { path: 'w3', state: FAILING },
      { path: 'w4', state: { ...RUNNING, phase: 'starting' } },
    ],
    { a: {} },
  );
  const of = (path: string) => instanceOf(registry, registry.get(path) as NodeRecord, MONO + 10);
  assert.deepEqual([of('a/w1').fitness, of('a/w1').ready, of('a/w1').meant], ['running', true, true]);
  assert.deepEqual([of('a/w2').fitness, of('a/w2').meant], ['free', false]);
  assert.deepEqual([of('w3').fitness, of('w3').ready], ['ailing', false]);
  assert.deepEqual([of('w4').fitness, of('w4').ready], ['running', false]);
  registry.beginAnew('a/w1', 'again');
  registry.applyState('a/w1', relay({ kind: 'leaf', ...RUNNING, epoch: 9 }), at(MONO + 5));
  assert.deepEqual(
    [of('a/w1').fitness, of('a/w1').ready],
    ['held', false],
    'back, and its heart not heard yet',
  );
  registry.applyState('a', relay({ link: 'lost', reason: 'timeout' }), at(MONO + 5));
  assert.deepEqual([of('a/w1').fitness, of('a/w1').sinceMono], ['gone', MONO + 5], 'since its hop was lost');
  registry.applyState('a', relay({ link: 'online' }), at(MONO + 9));
  assert.deepEqual(of('a/w1').sinceMono, MONO + 9, 'it is back since its hop is');
});

test('what follows from a loss, or from a return, and what somebody else has made of it', () => {
  const start: Decision = { do: 'start', count: 2, instead: [] };
  const stop = (...paths: string[]): Decision => ({ do: 'stop', paths });
  const table: [string, string[], Instance[], Decision, boolean][] = [
    ['one is lost', [], [instance('a'), lost('b', 40_000)], start, true],
    ['one fails in maintenance', [], [instance('a'), { ...lost('b', 40_000), fitness: 'out' }], start, true],
    ['one was stopped by hand', [], [instance('a'), idle('b')], start, false],
    [
      'the replacement of a lost one is lost',
      ['b'],
      [instance('a'), lost('b', 40_000), lost('c', 90_000)],
      start,
      true,
    ],
    [
      'the replacement of a lost one was stopped by hand',
      ['b'],
      [instance('a'), idle('b'), lost('c', 90_000)],
      start,
      false,
    ],
    [
      'one is lost, and never meant to run',
      [],
      [instance('a'), { ...lost('b', 40_000), meant: false }],
      start,
      false,
    ],
    ['one that was replaced is back', ['c'], [instance('a'), instance('b'), instance('c')], stop('c'), true],
    ['somebody has started one', [], [instance('a'), instance('b'), instance('c')], stop('c'), false],
    [
      'a failing one goes',
      [],
      [instance('a'), instance('b'), instance('c', { fitness: 'ailing' })],
      stop('c'),
      true,
    ],
  ];
  for (const [why, replacements, instances, decision, expected] of table)
    assert.equal(followsLoss({ ...standingOrder(), replacements }, instances, decision), expected, why);
});

const arbInstance = fc.record({
  fitness: fc.constantFrom('running', 'held', 'ailing', 'free', 'gone', 'out'),
  ready: fc.boolean(),
  meant: fc.boolean(),
  uptime: fc.nat(1000),
  sinceMono: fc.nat(100_000),
});

test('nothing that is held, gone or free is stopped; never fewer ready ones than asked for are left by it', () => {
  fc.assert(
    fc.property(
      fc.array(arbInstance, { maxLength: 10 }),
      fc.nat(6),
      fc.constantFrom(...SURPLUS_RULES),
      (raw, count, surplus) => {
        const instances = raw.map((each, index) =>
          instance(`w${index}`, { ...each, fitness: each.fitness as Instance['fitness'] }),
        );
        const decision = decide(standingOrder({ count, surplus }), instances, NOW);
        if (decision.do === 'start') assert.ok(decision.count <= count);
        if (decision.do !== 'stop') return;
        const stopped = instances.filter(({ path }) => decision.paths.includes(path));
        assert.ok(stopped.every(({ fitness }) => fitness === 'running' || fitness === 'ailing'));
        const serving = instances.filter(
          ({ fitness, ready }) => ready && (fitness === 'running' || fitness === 'held'),
        );
        assert.ok(serving.filter(each => !stopped.includes(each)).length >= count);
      },
    ),
  );
});
