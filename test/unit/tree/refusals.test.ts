import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Refusals } from '../../../src/tree/refusals.js';
import { message, openBelow } from './support.js';

async function refusing(t: TestContext) {
  const { place, publisher, clock } = await openBelow();
  t.after(() => place.close());
  const logged: string[] = [];
  const refusals = new Refusals(publisher, clock, { warn: (_fields, text) => logged.push(text) });
  const events = async () => (await place.said('evt')).map(({ value }) => value);
  return { place, clock, refusals, logged, events };
}
const BAD = { code: 'bad-payload', reason: 'expected UTF-8 JSON' };

test('a storm of 1000 is one event; the next one after the quiet says how many there were', async t => {
  const { refusals, clock, events, logged } = await refusing(t);
  for (let times = 0; times < 1000; times++) refusals.take(BAD);
  assert.deepEqual(
    (await events()).map(({ event, code, count }) => [event, code, count]),
    [['malformed', 'bad-payload', 1]],
  );
  clock.pass(9999);
  refusals.take(BAD);
  assert.equal((await events()).length, 1);
  clock.pass(1);
  refusals.take(BAD);
  assert.deepEqual(
    (await events()).map(({ count }) => count),
    [1, 1001],
  );
  assert.equal(refusals.counts.get('bad-payload'), 1002);
  assert.equal(logged.length, 2);
});

test('a storm of one code hides no other', async t => {
  const { refusals, events } = await refusing(t);
  for (const code of ['bad-payload', 'name-taken', 'bad-payload', 'bad-topic'])
    refusals.take({ code, reason: 'so' });
  assert.deepEqual(
    (await events()).map(({ code }) => code),
    ['bad-payload', 'name-taken', 'bad-topic'],
  );
});

test('what is stale is counted and not told', async t => {
  const { refusals, events, logged } = await refusing(t);
  for (let times = 0; times < 3; times++) refusals.take({ code: 'stale', reason: 'older' });
  assert.deepEqual([refusals.counts.get('stale'), (await events()).length, logged], [3, 0, []]);
});

test('an event says what, where and who, and stays short', async t => {
  const { refusals, events } = await refusing(t);
  const sent = message('canopy/rack1/web/hb', Buffer.from('x'));
  refusals.take({ ...BAD, message: sent, clientId: 'canopy/rack1/0123456789abcdef' });
  const long = message(`canopy/${'x'.repeat(60_000)}/hb`, Buffer.from('x'));
  refusals.take({ code: 'bad-topic', reason: 'r'.repeat(5000), message: long, clientId: 'c'.repeat(60_000) });
  const [first, second] = await events();
  assert.equal(first?.path, 'rack1/web');
  assert.equal(
    first?.reason,
    'expected UTF-8 JSON on "canopy/rack1/web/hb" from client "canopy/rack1/0123456789abcdef"',
  );
  assert.deepEqual([second?.event, second?.reason.length], ['refused', 1024]);
});

test('a retained command is answered in the name of whom it was for, each one', async t => {
  const { place, refusals } = await refusing(t);
  const refused = (topic: string, payload: string) =>
    refusals.take({
      code: 'retained-command',
      reason: 'so',
      message: message(topic, Buffer.from(payload), true),
    });
  refused('canopy/web/cmd', '{"v":1,"id":"a","op":"restart"}');
  refused('canopy/cmd', '{"id":"b","op":7}');
  refused('elsewhere', '{"id":"c"}');
  const answers = (await place.said('res')).map(({ path, value: { id, op, status, error } }) => [
    path,
    id,
    op,
    status,
    error?.code,
  ]);
  assert.deepEqual(answers, [
    ['web', 'a', 'restart', 'rejected', 'retained-command'],
    ['', 'b', 'unknown', 'rejected', 'retained-command'],
  ]);
});
