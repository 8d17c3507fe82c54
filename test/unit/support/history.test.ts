import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { breaches, type Entry, type Op, type Seen } from '../../support/history.js';

const UP: Seen = { live: [7], status: 'up', pid: 7 };
const DOWN: Seen = { live: [], status: 'stopped', pid: null };
const quiet = (leaves: Record<string, Seen>, relays = {}): Entry => ({
  type: 'quiet',
  leaves: { a: UP, b: UP, ...leaves },
  relays: { r: 'up', ...relays },
});
const begin: Entry = { type: 'begin', leaves: ['a', 'b'] };
const ordered = (op: Op, outcome: 'done' | 'unknown' | 'not-sent' = 'done'): Entry => ({
  type: 'ordered',
  leaf: 'a',
  op,
  outcome,
});
const kill: Entry = { type: 'kill', what: 'leaf', name: 'a' };

describe('all is well', () => {
  const WELL: [string, Entry[]][] = [
    [
      'after kills',
      [begin, quiet({}), kill, { type: 'launch', name: 'a' }, quiet({ a: { ...UP, live: [8], pid: 8 } })],
    ],
    ['what was stopped is stopped', [begin, ordered('stop'), kill, quiet({ a: DOWN }), quiet({ a: DOWN })]],
    ['and runs when it was started again', [begin, ordered('stop'), ordered('start'), quiet({})]],
    ['what was not sent changes nothing', [begin, ordered('stop', 'not-sent'), quiet({})]],
    [
      'what nobody knows of may be either',
      [begin, ordered('stop', 'unknown'), quiet({ a: DOWN }), quiet({})],
    ],
  ];
  for (const [name, history] of WELL) test(name, () => assert.deepEqual(breaches(history), []));
});

describe('a breach is', () => {
  const TABLE: [string, Entry[], string[]][] = [
    ['a twin', [begin, quiet({ a: { ...UP, live: [7, 9] } })], ['#1 a: 2 live copies (7, 9)']],
    [
      'a twin that was gone by then',
      [begin, { type: 'twin', leaf: 'a' }, quiet({})],
      ['#1 a: a copy found another one alive'],
    ],
    [
      'a twin, whatever was meant',
      [begin, ordered('stop', 'unknown'), quiet({ a: { ...UP, live: [7, 9] } })],
      ['#2 a: 2 live copies (7, 9)'],
    ],
    ['a lost one', [begin, kill, quiet({ a: DOWN })], ['#2 a: it should run, and no copy lives']],
    [
      'one that was started and does not run',
      [begin, ordered('stop'), ordered('start'), quiet({ a: DOWN })],
      ['#3 a: it should run, and no copy lives'],
    ],
    [
      'one that runs though it was stopped',
      [begin, ordered('stop'), kill, quiet({})],
      ['#3 a: it was stopped, and 7 lives'],
    ],
    [
      'a verdict of down where it runs',
      [begin, quiet({ a: { ...UP, status: 'down' } })],
      ['#1 a: the root says down where up is true'],
    ],
    [
      'a verdict of up where nothing runs',
      [begin, ordered('stop'), quiet({ a: { live: [], status: 'up', pid: 7 } })],
      ['#2 a: the root says up where stopped is true', '#2 a: the root says pid 7 where null is true'],
    ],
    [
      'the pid of another',
      [begin, quiet({ a: { ...UP, pid: 8 } })],
      ['#1 a: the root says pid 8 where 7 is true'],
    ],
    [
      'a leaf that is not known',
      [{ type: 'begin', leaves: ['a', 'b', 'c'] }, quiet({})],
      ['#1 c: the root does not know it'],
    ],
    [
      'a relay that runs and is not up',
      [begin, quiet({}, { r: 'down' })],
      ['#1 r: it runs, and the root says down'],
    ],
    [
      'each one, wherever it is in the history',
      [begin, quiet({ b: { ...UP, live: [1, 2], pid: 1 } }), quiet({}), quiet({ a: DOWN })],
      ['#1 b: 2 live copies (1, 2)', '#3 a: it should run, and no copy lives'],
    ],
  ];
  for (const [name, history, wanted] of TABLE) test(name, () => assert.deepEqual(breaches(history), wanted));
});
