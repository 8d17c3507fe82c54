import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { asCommand } from '../../../src/protocol/commands.js';
import { Desk } from '../../../src/tree/desk.js';
import { EPOCH, message, openBelow, resultOf, stateOf } from './support.js';

/** A desk over a broker below which there is a leaf web that answers nothing by itself. */
async function open(t: TestContext) {
  const below = await openBelow();
  const { registry, place, clock, ingest } = below;
  const desk = new Desk(registry, place.link, clock);
  ingest.listen(desk);
  t.after(() => {
    desk.stop();
    return place.close();
  });
  const say = async (path: string, channel: string, value: unknown) => {
    place.link.publish(message(`canopy/${path}/${channel}`, value));
    await place.link.flush(5000);
  };
  await say('web', 'state', stateOf());
  const commands = async () =>
    (await place.said('cmd')).map(({ path, retain, value }) => [path, retain, value.id]);
  return { ...below, desk, say, commands };
}
const command = (id: string) => asCommand({ id, op: 'restart' });

test('a command is on its way at once; its stages are kept, the final one stands', async t => {
  const { desk, say, commands, clock } = await open(t);
  assert.deepEqual(desk.send('web', command('a')), {
    v: 1,
    id: 'a',
    op: 'restart',
    status: 'accepted',
    done: false,
    ts: clock.now(),
    path: 'web',
  });
  assert.deepEqual(await commands(), [['web', false, 'a']]);
  await say('web', 'res', resultOf({ id: 'a', status: 'running', done: false }));
  assert.equal(desk.get('a')?.status, 'running');
  await say('web', 'res', resultOf({ id: 'a', status: 'failed', done: true }));
  await say('web', 'res', resultOf({ id: 'a', status: 'succeeded', done: true }));
  assert.equal(desk.get('a')?.status, 'failed');
});

test('the same id is not sent twice, and its answer is that of the first', async t => {
  const { desk, say, commands } = await open(t);
  desk.send('web', command('a'));
  await say('web', 'res', resultOf({ id: 'a' }));
  assert.equal(desk.send('web', command('a')).status, 'succeeded');
  assert.equal((await commands()).length, 1);
});

test('the id of another command is refused', async t => {
  const { desk, say, commands } = await open(t);
  await say('api', 'state', stateOf());
  desk.send('web', command('a'));
  assert.throws(() => desk.send('api', command('a')), { code: 'id-in-use', message: /"restart" to "web"/ });
  assert.throws(() => desk.send('web', asCommand({ id: 'a', op: 'stop' })), { code: 'id-in-use' });
  assert.equal((await commands()).length, 1);
});

test('a result counts only from the node that was asked, and of a command that was sent', async t => {
  const { desk, say } = await open(t);
  desk.send('web', command('a'));
  await say('other', 'res', resultOf({ id: 'a' }));
  await say('web', 'res', resultOf({ id: 'b' }));
  assert.deepEqual([desk.get('a')?.status, desk.get('b')], ['accepted', null]);
});

test('waiting ends with the final result, or with the latest stage when the time is over', async t => {
  const { desk, say } = await open(t);
  desk.send('web', command('a'));
  const waits = [desk.wait('a', 5000), desk.wait('a', 5000)];
  await say('web', 'res', resultOf({ id: 'a' }));
  for (const wait of waits) assert.equal((await wait)?.status, 'succeeded');
  assert.equal((await desk.wait('a', 5000))?.done, true);
  desk.send('web', command('b'));
  assert.equal((await desk.wait('b', 1))?.status, 'accepted');
  assert.equal(await desk.wait('never sent', 1), null);
});

test('what a node has said nothing of is sent again where it, or a hop before it, begins anew or is back', async t => {
  const { desk, say, commands } = await open(t);
  await say('rack', 'state', stateOf({ kind: 'relay' }));
  await say('rack/web', 'state', stateOf());
  const sent = async () => (await commands()).map(([path, , id]) => `${id} ${path}`);
  for (const id of ['heard', 'lost', 'later']) desk.send('web', command(id));
  desk.send('rack/web', command('beyond'));
  await say('web', 'res', resultOf({ id: 'heard', status: 'accepted', done: false }));
  const before = (await sent()).length;
  const news = async () => (await sent()).slice(before);
  // It goes on as it was.
  await say('web', 'state', stateOf({ phase: 'stopping' }));
  assert.deepEqual(await news(), []);
  await say('web', 'state', stateOf({ epoch: EPOCH + 1 }));
  assert.deepEqual(await news(), ['lost web', 'later web']);
  await say('web', 'res', resultOf({ id: 'lost' }));
  await say('web', 'state', stateOf({ epoch: EPOCH + 1, link: 'lost', reason: 'will' }));
  await say('web', 'state', stateOf({ epoch: EPOCH + 1 }));
  assert.deepEqual((await news()).slice(2), ['later web']);
  await say('rack', 'state', stateOf({ kind: 'relay', epoch: EPOCH + 1 }));
  assert.deepEqual((await news()).slice(3), ['beyond rack/web']);
});

test('what was lost is not sent again once the node has answered to what came after it', async t => {
  const { desk, say, commands } = await open(t);
  await say('api', 'state', stateOf());
  for (const id of ['start', 'stop']) desk.send('web', command(id));
  desk.send('api', command('other'));
  desk.send('web', command('last'));
  await say('web', 'res', resultOf({ id: 'stop', status: 'accepted', done: false }));
  const before = (await commands()).length;
  for (const path of ['web', 'api']) await say(path, 'state', stateOf({ epoch: EPOCH + 1 }));
  const again = (await commands()).slice(before).map(([path, , id]) => `${id} ${path}`);
  assert.deepEqual(again, ['last web', 'other api']);
});

test('without a final result within a minute it failed', async t => {
  const { desk } = await open(t);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  desk.send('web', command('a'));
  const waiting = desk.wait('a', 100_000);
  t.mock.timers.tick(59_999);
  assert.equal(desk.get('a')?.done, false);
  t.mock.timers.tick(1);
  const { status, error } = (await waiting) ?? {};
  assert.deepEqual([status, error?.code], ['failed', 'no-result']);
  desk.result('web', resultOf({ id: 'a' }));
  assert.equal(desk.get('a')?.status, 'succeeded', 'one that comes late is still the true one');
});

test('what cannot be reached is refused at once, and nothing is sent', async t => {
  const { desk, say, commands } = await open(t);
  for (const path of ['rack1', 'rack1/api']) await say(path, 'state', stateOf({ kind: 'relay' }));
  await say('rack1', 'state', stateOf({ kind: 'relay', link: 'lost', reason: 'will' }));
  await say('web', 'state', stateOf({ link: 'offline' }));
  const cases: [string, string, RegExp][] = [
    ['nowhere', 'not-found', /no node "nowhere"/],
    ['rack1', 'node-unreachable', /"rack1" is down \(lost\)/],
    ['rack1/api', 'node-unreachable', /"rack1\/api" is behind "rack1"/],
    ['web', 'node-unreachable', /"web" is stopped \(offline\)/],
  ];
  for (const [path, code, message] of cases)
    assert.throws(() => desk.send(path, command(path)), { code, message });
  assert.deepEqual(await commands(), []);
  assert.equal(desk.get('nowhere'), null);
});

test('the oldest of more than a thousand commands is let go of', async t => {
  const { desk } = await open(t);
  for (let at = 0; at <= 1000; at++) desk.send('web', command(`c${at}`));
  assert.deepEqual([desk.get('c0'), desk.get('c1')?.id, desk.get('c1000')?.id], [null, 'c1', 'c1000']);
});
