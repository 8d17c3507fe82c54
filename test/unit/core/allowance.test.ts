import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Allowance, checkAllowed, checkMayRead, parseAllowance } from '../../../src/core/allowance.js';
import { LEAF_OPS } from '../../../src/core/ops.js';

const allowed = (allow: Allowance): string[] =>
  LEAF_OPS.filter(op => {
    try {
      checkAllowed(allow, op);
      return true;
    } catch {
      return false;
    }
  });

test('a list of operations, or none; anything else is none of ours', () => {
  assert.deepEqual(allowed(null), [...LEAF_OPS]);
  assert.deepEqual(allowed(parseAllowance('start, stop,restart logs')), ['start', 'stop', 'restart', 'logs']);
  assert.deepEqual(allowed(parseAllowance('follow')), ['follow', 'unfollow']);
  assert.deepEqual(allowed(parseAllowance('none')), []);
  for (const bad of ['start,shell', 'none,start', 'START', 'scale', ',', '*', '__proto__'])
    assert.equal(parseAllowance(bad), null, bad);
});

test('what is not allowed says what is; what does not exist is for others to refuse', () => {
  const allow = parseAllowance('start,logs');
  assert.throws(() => checkAllowed(allow, 'stop'), {
    code: 'not-allowed',
    message: 'the owner of this machine does not allow "stop" here; CANOPY_ALLOW has start, logs',
  });
  assert.throws(() => checkAllowed(new Set(), 'ping'), { message: /CANOPY_ALLOW has nothing$/ });
  assert.doesNotThrow(() => checkAllowed(allow, 'nonsense'));
});

test('a log is read where logs or follow is allowed, and followed where follow is', () => {
  const may = (text: string, follow: boolean): boolean => {
    try {
      checkMayRead(text === 'all' ? null : parseAllowance(text), follow);
      return true;
    } catch (error) {
      assert.equal((error as { code: string }).code, 'not-allowed');
      return false;
    }
  };
  const cases: [string, boolean, boolean][] = [
    ['all', true, true],
    ['logs', true, false],
    ['follow', true, true],
    ['start', false, false],
    ['none', false, false],
  ];
  for (const [text, snapshot, follow] of cases)
    assert.deepEqual([may(text, false), may(text, true)], [snapshot, follow], text);
});
