import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remembered } from '../../../broker/memo.js';
import { matches } from '../../../broker/topics.js';

test('an answer is worked out once for a topic, also where there is none', () => {
  const asked: string[] = [];
  const ask = remembered(topic => {
    asked.push(topic);
    return topic === 'none' ? null : topic.length;
  });
  for (let round = 0; round < 3; round++) assert.deepEqual([ask('ab'), ask('none')], [2, null]);
  assert.deepEqual(asked, ['ab', 'none']);
});

test('what a stranger makes up is not kept: neither long topics nor ever more of them', () => {
  let asked = 0;
  const ask = remembered(() => ++asked);
  const long = 'x'.repeat(1000);
  assert.notEqual(ask(long), ask(long));
  const first = ask('first');
  for (let at = 0; at < 40_000; at++) ask(`topic${at}`);
  assert.notEqual(ask('first'), first, 'all are forgotten when there are too many');
});

test('a filter covers what splitting both at their slashes says', () => {
  const levels = ['', 'a', 'b', 'ab', '+', '#'];
  const texts = levels.flatMap(x => [x, ...levels.flatMap(y => [`${x}/${y}`, `${x}/${y}/a`, `a/${x}/${y}`])]);
  const bySplitting = (filter: string, topic: string): boolean => {
    const [wanted, given] = [filter.split('/'), topic.split('/')];
    for (const [at, level] of wanted.entries()) {
      if (level === '#') return true;
      if (at >= given.length || (level !== '+' && level !== given[at])) return false;
    }
    return wanted.length === given.length;
  };
  for (const filter of texts) {
    for (const topic of texts.filter(text => !/[+#]/.test(text))) {
      assert.equal(matches(filter, topic), bySplitting(filter, topic), `${filter} | ${topic}`);
    }
  }
});
