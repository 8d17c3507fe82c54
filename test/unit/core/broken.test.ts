import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokenHop } from '../../../src/core/broken.js';
import { missedBeat } from '../../../src/core/late.js';
import { Registry } from '../../../src/core/registry.js';
import { at, beat, relay, state, taken } from './support.js';

const of = (registry: Registry, path: string, mono: number) => {
  const record = registry.get(path);
  assert.ok(record, path);
  return brokenHop(registry, record, mono);
};

test('every node behind a broken hop is told which it was, since when, and what is known of it', () => {
  const registry = new Registry();
  taken(registry, 'rack1', relay(), 1);
  taken(registry, 'rack1/web', state(), 1);
  taken(registry, 'api', state(), 1);
  assert.equal(of(registry, 'rack1/web', 2), null);
  taken(registry, 'rack1', relay({ link: 'lost', reason: 'timeout' }), 1000);
  const broken = {
    path: 'rack1',
    since: at(1000).now,
    cause: 'timeout',
    says: "rack1 fell silent (timeout) 12 s ago: relay or line, can't tell from here",
  };
  for (const path of ['rack1', 'rack1/web']) assert.deepEqual(of(registry, path, 13_000), broken, path);
  assert.equal(of(registry, 'api', 13_000), null);
});

test('the words, by link, cause and kind', () => {
  const table: [object, string | null][] = [
    [
      { link: 'lost', reason: 'will' },
      "the connection of x broke (will) 3 min ago: relay or line, can't tell from here",
    ],
    [
      { link: 'lost', reason: 'timeout', kind: 'leaf' },
      "x fell silent (timeout) 3 min ago: the leaf or line, can't tell from here",
    ],
    [{ link: 'offline', reason: 'stopped' }, 'x said goodbye 3 min ago'],
    [
      { link: 'offline', restartBy: at(500).now, ts: at(0).now },
      'x announced a restart and was not back in time (timeout) 3 min ago',
    ],
    [{ link: 'offline', restartBy: at(1e6).now, ts: at(0).now }, null],
    [{ link: 'online' }, null],
  ];
  for (const [more, says] of table) {
    const registry = new Registry();
    taken(registry, 'x', relay(more), 1);
    taken(registry, 'x/web', state(), 1);
    assert.equal(of(registry, 'x/web', 180_000)?.says ?? null, says, JSON.stringify(more));
  }
});

test('a node that said goodbye itself is stopped, and not broken', () => {
  const registry = new Registry();
  taken(registry, 'web', state({ link: 'offline', reason: 'stopped' }), 1);
  assert.equal(of(registry, 'web', 10), null);
});

test('one that beats is late when it has missed one, by the clock of who watches', () => {
  const registry = new Registry();
  taken(registry, 'web', state(), 1);
  const late = (path: string, mono: number) => missedBeat(registry.get(path) as never, mono);
  assert.equal(late('web', 1e9), false, 'it has never beaten');
  const table: [number, number][] = [
    [3, 5000],
    [0.3, 600],
    [60, 90_500],
  ];
  for (const [interval, afterMs] of table) {
    registry.applyBeat(`n${interval * 10}`, beat({ interval }), at(1000));
    assert.deepEqual(
      [0, 1].map(more => late(`n${interval * 10}`, 1000 + afterMs + more)),
      [false, true],
      `every ${interval} s`,
    );
  }
});
