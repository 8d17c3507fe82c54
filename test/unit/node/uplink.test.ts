import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinkError } from '../../../broker/link.js';
import { type Turned, Uplink } from '../../../src/node/uplink.js';
import { StillLink } from '../../support/still-link.js';
import { TestClock } from './support.js';

class Line extends StillLink {
  up(): void {
    this.turnConnected();
  }
  down(): void {
    this.turnLost(new LinkError('unreachable', 'cut'));
  }
  fail(): void {
    this.attemptFailed(new LinkError('unreachable', 'nobody there'));
  }
}

function watched(waited = 0) {
  const [line, clock, told] = [new Line(), new TestClock(), [] as Turned[]];
  const uplink = new Uplink(line, clock, turned => told.push(turned), waited);
  const turns = () => told.map(({ before, now, reason, code }) => [before.state, now.state, reason, code]);
  return { line, clock, uplink, told, turns };
}

test('a line that is there at once is nothing to tell', () => {
  const { line, uplink, turns } = watched();
  line.up();
  assert.deepEqual([turns(), uplink.facts.state], [[], 'online']);
});

test('that of a relay which was killed while it was cut off is told', () => {
  const { line, turns } = watched(7);
  line.up();
  assert.deepEqual(turns(), [
    ['connecting', 'online', 'there 0 s after a start, 7 messages had waited', undefined],
  ]);
});

test('a loss and the return are told with cause, since when and for how long, by a clock that does not jump', () => {
  const { line, clock, uplink, told, turns } = watched();
  line.up();
  const from = clock.now();
  clock.pass(5000);
  line.down();
  assert.deepEqual(uplink.facts, { state: 'lost', since: from + 5000, cause: 'cut' });
  line.fail();
  clock.pass(61_500);
  line.up();
  assert.deepEqual(turns(), [
    ['online', 'lost', 'cut', 'unreachable'],
    ['lost', 'online', 'was lost for 61.5 s: cut', undefined],
  ]);
  assert.deepEqual([told[0]?.before.since, told[1]?.before.since], [from, from + 5000]);
});

test('a parent that was never there is told once, and when it is', () => {
  const { line, turns } = watched();
  for (let times = 0; times < 3; times++) line.fail();
  line.up();
  assert.deepEqual(turns(), [
    ['connecting', 'lost', 'nobody there', 'unreachable'],
    ['lost', 'online', 'was lost for 0 s: nobody there', undefined],
  ]);
});
