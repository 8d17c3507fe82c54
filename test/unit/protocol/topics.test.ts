import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CHANNELS } from '../../../src/core/names.js';
import { splitTopic, TOPICS, topicOf, topicRules } from '../../../src/protocol/topics.js';
import { arbPath } from '../core/support.js';

const arbChannel = fc.constantFrom(...CHANNELS);

test('a path and a channel make a topic, which comes apart into the same', () => {
  assert.equal(topicOf('', 'hb'), 'canopy/hb');
  assert.equal(topicOf('rack1/web', 'cmd'), 'canopy/rack1/web/cmd');
  fc.assert(
    fc.property(arbPath, arbChannel, (path, channel) =>
      assert.deepEqual(splitTopic(topicOf(path, channel)), { path, channel }),
    ),
  );
});

test('any other topic is none of ours', () => {
  const strange = [
    '',
    'canopy',
    'canopy/',
    'canopy//hb',
    'canopyx/hb',
    'Canopy/hb',
    '/canopy/hb',
    'canopy/web',
    'canopy/web/hb/',
    'canopy/web/HB',
    'canopy/web/_next',
    'canopy/web/constructor',
    '$SYS/canopy/hb',
  ];
  for (const topic of strange) assert.equal(splitTopic(topic), null, topic);
});

test('whatever comes apart goes together again: no two topics are taken for one', () => {
  const arbLevel = fc.oneof(fc.constantFrom('canopy', '', 'web', '+', ...CHANNELS), fc.string());
  const arbTopic = fc.array(arbLevel, { maxLength: 6 }).map(levels => levels.join('/'));
  const arbOurs = arbTopic.map(topic => `canopy/${topic}`);
  fc.assert(
    fc.property(fc.oneof(arbTopic, arbOurs, fc.string({ unit: 'binary' })), topic => {
      const place = splitTopic(topic);
      if (place) assert.equal(topicOf(place.path, place.channel), topic);
    }),
    { numRuns: 2000 },
  );
});

test('the rules handed to the broker say what the table says', () => {
  for (const channel of CHANNELS) {
    const { flow, qos, retain } = TOPICS[channel];
    assert.equal(topicRules.up.has(channel), flow === 'up');
    assert.equal(topicRules.down.has(channel), flow === 'down');
    assert.equal(topicRules.retained.has(channel), retain);
    assert.equal(topicRules.qos(channel), qos);
    assert.equal(topicRules.isName(channel), false);
  }
  assert.equal(topicRules.qos('_next'), 0);
});

test('the loop guard: no channel flows both ways, and no command is retained', () => {
  for (const channel of topicRules.up) assert.equal(topicRules.down.has(channel), false, channel);
  for (const channel of topicRules.down) assert.equal(topicRules.retained.has(channel), false, channel);
});
