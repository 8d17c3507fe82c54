import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  groupAlive,
  processAlive,
  signalGroup,
  signalName,
  signalProcess,
} from '../../../src/process/signals.js';

test('signals by name, with or without SIG, in any case, or by number', () => {
  for (const text of ['HUP', 'SIGHUP', 'hup', 'sighup', ' 1 ']) assert.equal(signalName(text), 'SIGHUP');
  assert.equal(signalName('9'), 'SIGKILL');
  for (const text of ['', '0', 'SIG', 'NONE', '999', '-1', '1.0', 'HUP TERM'])
    assert.equal(signalName(text), null);
});

test('no pid stands for our own group or for every process', () => {
  for (const pid of [0, 1, -1, -5, 1.5, Number.NaN]) {
    assert.throws(() => signalGroup(pid, 'SIGTERM'), RangeError);
    assert.throws(() => groupAlive(pid), RangeError);
  }
  for (const pid of [0, -1, Number.NaN]) {
    assert.equal(processAlive(pid), false);
    assert.throws(() => signalProcess(pid, 'SIGTERM'), RangeError);
  }
  assert.equal(processAlive(process.pid), true);
});
