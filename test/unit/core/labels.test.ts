import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasLabel, isLabel, parseLabels } from '../../../src/core/labels.js';

test('labels are key=value, joined by commas', () => {
  const table: [string, Record<string, string> | null][] = [
    ['zone=a', { zone: 'a' }],
    ['zone=a, disk=ssd', { zone: 'a', disk: 'ssd' }],
    ['zone=', { zone: '' }],
    ['a.b-c_d=1.2-3', { 'a.b-c_d': '1.2-3' }],
    ['zone', null],
    ['=a', null],
    ['zone=a=b', null],
    ['zone=a,,disk=ssd', null],
    ['zone=a,zone=b', null],
    ['zone=a b', null],
    ['-zone=a', null],
    [`${'k'.repeat(64)}=a`, null],
    [`k=${'v'.repeat(64)}`, null],
    [Array.from({ length: 17 }, (_, index) => `k${index}=v`).join(','), null],
  ];
  for (const [text, labels] of table) assert.deepEqual(parseLabels(text), labels, text);
});

test('one label, and whether it is there', () => {
  assert.ok(isLabel('zone=a') && !isLabel('zone') && !isLabel('zone=a,disk=b'));
  assert.ok(hasLabel({ zone: 'a' }, 'zone=a'));
  assert.ok(!hasLabel({ zone: 'a' }, 'zone=b') && !hasLabel(null, 'zone=a') && !hasLabel({}, 'toString='));
});
