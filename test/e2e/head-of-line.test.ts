/** A frozen follower delays nobody. The long form is test/bench/head-of-line.ts. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { headOfLine } from '../support/head-of-line.js';
import { skipWithout } from '../support/parts.js';
import { Sandbox } from '../support/sandbox.js';

const skip = skipWithout('mosquitto_sub') || (process.platform !== 'linux' && 'needs /proc');

test('a frozen follower delays neither heartbeats nor other followers', { skip }, async t => {
  const box = new Sandbox({ after });
  const { due, delivered, longestGapMs, memory, others } = await headOfLine(box, 3000);
  t.diagnostic(JSON.stringify({ due, delivered, longestGapMs, memory, others }));
  // The machine has other tests to do at the same time: the figures of the long form are tighter.
  assert.ok(delivered >= due * 0.9, `${delivered} of ${due} heartbeats`);
  assert.ok(longestGapMs < 1000, `no heartbeat for ${longestGapMs} ms`);
  assert.ok(memory < 150e6, `${memory} bytes`);
  assert.ok(others > 1000, `the other follower got ${others} lines`);
});
