import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  downFilters,
  exported,
  filterProblem,
  imported,
  isRefusal,
  matches,
  parse,
  topicProblem,
} from '../../../broker/topics.js';
import { RULES } from '../../support/broker.js';

const deep = (names: number) => Array.from({ length: names }, (_, at) => `n${at}`).join('/');

test('a topic of ours is taken apart; what is not ours is left alone; the rest is refused', () => {
  assert.deepEqual(parse(RULES, 'canopy/rack1/web/hb'), { names: ['rack1', 'web'], channel: 'hb' });
  assert.deepEqual(parse(RULES, 'canopy/cmd'), { names: [], channel: 'cmd' });
  assert.deepEqual(parse(RULES, 'canopy/web/_next'), { names: ['web'], channel: '_next' });
  assert.ok(!isRefusal(parse(RULES, `canopy/${deep(8)}/hb`)));
  for (const foreign of ['home/lamp', 'canopyx/hb', '/canopy/hb', 'Canopy/hb'])
    assert.equal(parse(RULES, foreign), null);
  const bad = [
    'canopy',
    'canopy/',
    'canopy/web',
    'canopy//hb',
    'canopy/a.b/hb',
    'canopy/cmd/hb',
    'canopy/web/HB',
    'canopy/web/hb/',
  ];
  for (const topic of [...bad, `canopy/${deep(9)}/hb`]) {
    const verdict = parse(RULES, topic);
    assert.ok(isRefusal(verdict) && verdict.code === 'bad-topic', topic);
  }
});

test('topics and filters are sane', () => {
  for (const topic of ['a', '/', 'a//b', 'é', 'x'.repeat(1024), '🌳/hb'])
    assert.equal(topicProblem(topic), null, topic);
  const bad = [
    '',
    'a/+',
    'a/#',
    'a+',
    'a\0b',
    'a\nb',
    'a\u007f',
    'a\u0085',
    'a\ufffd',
    'a\ud800',
    'x'.repeat(1025),
    'é'.repeat(513),
  ];
  for (const topic of [...bad, 'x/'.repeat(32)])
    assert.equal(topicProblem(topic)?.code, 'bad-topic', JSON.stringify(topic));
  for (const filter of ['#', '+', 'a/+/b', 'a/#', '+/#', '/+'])
    assert.equal(filterProblem(filter), null, filter);
  for (const filter of ['', 'a#', 'a/#/b', 'a+/b', '+a', 'a/b#', 'a\0'])
    assert.equal(filterProblem(filter)?.code, 'bad-filter', filter);
});

test('going up a topic gets the name, if it still fits', () => {
  assert.equal(exported(RULES, 'rack1', 'canopy/hb'), 'canopy/rack1/hb');
  assert.equal(exported(RULES, 'rack1', 'canopy/a/web/state'), 'canopy/rack1/a/web/state');
  for (const stays of ['canopy/cmd', 'canopy/web/cmd', 'canopy/web/_next', 'home/lamp']) {
    assert.equal(exported(RULES, 'rack1', stays), null, stays);
  }
  assert.ok(isRefusal(exported(RULES, 'rack1', `canopy/${deep(8)}/hb`)));
  assert.equal(exported(RULES, 'rack1', `canopy/${deep(7)}/hb`), `canopy/rack1/${deep(7)}/hb`);
  assert.ok(isRefusal(exported(RULES, 'rack1', 'canopy/web/hb', { maxTopicBytes: 18, maxTopicLevels: 32 })));
});

test('going down a topic loses the name', () => {
  assert.equal(imported(RULES, 'rack1', 'canopy/rack1/cmd'), 'canopy/cmd');
  assert.equal(imported(RULES, 'rack1', 'canopy/rack1/web/cmd'), 'canopy/web/cmd');
  for (const other of ['canopy/rack2/cmd', 'canopy/cmd', 'canopy/rack1/hb', 'canopy/rack11/cmd', 'x']) {
    assert.equal(imported(RULES, 'rack1', other), null, other);
  }
});

test('the filters at the parent go by depth', () => {
  const filters = downFilters(RULES, 'rack1');
  assert.deepEqual(filters.slice(0, 3), ['canopy/rack1/cmd', 'canopy/rack1/+/cmd', 'canopy/rack1/+/+/cmd']);
  assert.equal(filters.length, RULES.maxNames);
  assert.ok(filters.every(filter => !filter.includes('#')));
  for (const names of [0, 1, 7]) {
    const topic = ['canopy/rack1', ...(names ? [deep(names)] : []), 'cmd'].join('/');
    assert.equal(filters.filter(filter => matches(filter, topic)).length, 1, topic);
  }
});

test('a filter matches as the standard says (4.7)', () => {
  const yes = [
    ['#', 'a/b'],
    ['a/#', 'a'],
    ['a/#', 'a/b/c'],
    ['+', 'a'],
    ['+/+', '/a'],
    ['/+', '/a'],
    ['a/+/c', 'a//c'],
    ['$x/#', '$x/a'],
  ];
  const no = [
    ['+', '/a'],
    ['a/+', 'a'],
    ['a/b', 'a'],
    ['#', '$SYS/a'],
    ['+/a', '$SYS/a'],
    ['a/+', 'a/b/c'],
  ];
  for (const [filter = '', topic = ''] of yes) assert.ok(matches(filter, topic), `${filter} ${topic}`);
  for (const [filter = '', topic = ''] of no) assert.ok(!matches(filter, topic), `${filter} ${topic}`);
});
