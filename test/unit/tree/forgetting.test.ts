/** Forgetting where hops are away: what is not believed, who is told, and what is owed to the parent. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Graves } from '../../../src/tree/graves.js';
import { until } from '../../support/wait.js';
import { beatOf, by, message, openBelow, openForgetting, openRoster, stateOf } from './support.js';

async function open(t: TestContext) {
  const below = await openBelow();
  const roster = openRoster(below);
  const forgetting = openForgetting(below, roster);
  const { place, registry, clock } = below;
  t.after(() => place.close());
  const say = async (path: string, more: object) => {
    place.link.publish(message(`canopy/${path}/state`, stateOf(more), true));
    await place.link.flush(5000);
  };
  let seq = 100;
  const beat = async (path: string, more: object = {}) => {
    place.link.publish(message(`canopy/${path}/hb`, beatOf({ seq: ++seq, ...more })));
    await place.link.flush(5000);
  };
  /** What was told to a hop to forget, with the id of the command. */
  const told = async () =>
    (await place.said('cmd')).map(({ path, value: { id, args } }) => ({ path, id, args }));
  const firstTold = async () => {
    await until(async () => (await told()).length > 0);
    return (await told())[0];
  };
  const answer = async (hop: string, id: string, error?: string) => {
    const status = error ? 'rejected' : 'succeeded';
    const failed = error && { error: { code: error, message: 'no' } };
    place.link.publish(
      message(`canopy/${hop}/res`, { v: 1, id, op: 'forget', status, done: true, ts: 1, ...failed }),
    );
    await place.link.flush(5000);
  };
  const known = (path: string) => registry.get(path) !== undefined;
  const cut = async () => {
    await say('rack1', { kind: 'relay' });
    await say('rack1/web', {});
    await say('rack1', { kind: 'relay', link: 'lost', reason: 'timeout' });
  };
  return { ...below, roster, forgetting, clock, say, beat, told, firstTold, answer, known, cut };
}

test('behind a hop that is away: old states are not believed, and the hop is told when it beats again', async t => {
  const { forgetting, roster, say, beat, told, firstTold, answer, known, cut } = await open(t);
  await cut();
  assert.deepEqual(await forgetting.forget('rack1/web', 'ops'), ['rack1/web']);
  assert.deepEqual([known('rack1/web'), roster.graves.size, await told()], [false, 1, []]);
  await say('rack1', { kind: 'relay' });
  await say('rack1/web', {});
  assert.equal(known('rack1/web'), false, 'as the hop has it from before');
  await beat('rack1', { kind: 'relay' });
  const command = await firstTold();
  assert.deepEqual([command?.path, command?.args], ['rack1', { path: 'web' }]);
  await answer('rack1', command?.id ?? '');
  await until(() => roster.graves.size === 0);
  await say('rack1/web', {});
  assert.equal(known('rack1/web'), true, 'who comes now is new');
});

for (const error of ['node-alive', 'not-found'])
  test(`a hop that answers ${error} has been told`, async t => {
    const { forgetting, roster, say, beat, firstTold, answer, cut } = await open(t);
    await cut();
    await forgetting.forget('rack1/web', 'ops');
    await say('rack1', { kind: 'relay' });
    await beat('rack1', { kind: 'relay' });
    const command = await firstTold();
    await answer('rack1', command?.id ?? '', error);
    await until(() => roster.graves.size === 0);
  });

test('what a hop tells of one that lives, in one packet with its answer, is believed', async t => {
  const { ingest, forgetting, say, beat, firstTold, known, cut } = await open(t);
  await cut();
  await forgetting.forget('rack1/web', 'ops');
  await say('rack1', { kind: 'relay' });
  await beat('rack1', { kind: 'relay' });
  const { id } = (await firstTold()) ?? {};
  const error = { code: 'node-alive', message: 'no' };
  const answer = { v: 1, id, op: 'forget', status: 'rejected', done: true, ts: 1, error };
  for (const said of [
    message('canopy/rack1/res', answer),
    message('canopy/rack1/web/state', stateOf(), true),
  ])
    assert.equal(ingest.receive(said, by('rack1/i')), said);
  assert.equal(known('rack1/web'), true);
});

test('a hop that fails is told again, and not with every heartbeat', async t => {
  const { forgetting, roster, say, beat, told, answer, cut, clock } = await open(t);
  await cut();
  await forgetting.forget('rack1/web', 'ops');
  await say('rack1', { kind: 'relay' });
  await beat('rack1', { kind: 'relay' });
  await until(async () => (await told()).length > 0);
  await beat('rack1', { kind: 'relay' });
  const [command, ...more] = await told();
  assert.deepEqual(more, []);
  await answer('rack1', command?.id ?? '', 'queue-full');
  clock.pass(5000);
  await beat('rack1', { kind: 'relay' });
  await until(async () => (await told()).length === 2);
  assert.equal(roster.graves.size, 1);
});

test('one that is heard live is simply new, and so is one that was started since', async t => {
  const { forgetting, say, beat, known, cut, clock } = await open(t);
  await cut();
  await forgetting.forget('rack1/web', 'ops');
  await say('rack1', { kind: 'relay' });
  await beat('rack1/web');
  await say('rack1/web', { labels: { zone: 'b' } });
  assert.equal(known('rack1/web'), true);
  await say('rack1/other', { epoch: clock.now() + 1 });
  assert.equal(known('rack1/other'), true);
});

test('an empty state that comes from below buries nobody', async t => {
  const { ingest, roster, cut } = await open(t);
  await cut();
  const empty = message('canopy/rack1/web/state', Buffer.alloc(0), true);
  const from = {
    clientId: 'x',
    identity: { name: 'rack1', instance: 'i' },
    who: null,
    via: 'publish',
  } as const;
  assert.equal(ingest.receive(empty, from), empty);
  assert.equal(roster.graves.size, 0);
});

test('a hop that can be reached is told at once, the nearest one', async t => {
  const { forgetting, roster, say, firstTold, answer, known } = await open(t);
  for (const path of ['rack1', 'rack1/rack2']) await say(path, { kind: 'relay' });
  await say('rack1/rack2/web', { link: 'lost', reason: 'will' });
  const done = forgetting.forget('rack1/rack2/web', 'ops');
  const command = await firstTold();
  assert.deepEqual([command?.path, command?.args], ['rack1/rack2', { path: 'web' }]);
  await answer('rack1/rack2', command?.id ?? '', 'not-found');
  assert.deepEqual(await done, ['rack1/rack2/web']);
  assert.deepEqual(
    [known('rack1/rack2/web'), roster.graves.size],
    [false, 0],
    'known here alone: forgotten here',
  );
});

test('ephemeral: forgotten after a goodbye, and after no other end', async t => {
  const { say, known } = await open(t);
  const ephemeral = { ephemeral: true } as const;
  await say('web', ephemeral);
  await say('web', { ...ephemeral, link: 'lost', reason: 'will' });
  await say('restarts', { ...ephemeral, link: 'offline', reason: 'restart', restartBy: 2e12, ts: 1 });
  await say('rack1', { kind: 'relay' });
  await say('rack1/deep', { ...ephemeral, link: 'offline', reason: 'stopped' });
  await new Promise(setImmediate);
  assert.deepEqual(['web', 'restarts', 'rack1/deep'].map(known), [true, true, true]);
  await say('web', { ...ephemeral, link: 'offline', reason: 'stopped' });
  await until(() => !known('web'));
});

test('what is in a grave: of that epoch and older, it and all below it, until each is heard live', () => {
  const graves = new Graves(new Map([['a/b', { path: 'a/b', epoch: 100, at: 1 }]]));
  const table: [string, number, boolean][] = [
    ['a/b', 100, true],
    ['a/b', 101, false],
    ['a/b/c/d', 7, true],
    ['a/bc', 7, false],
    ['a', 7, false],
  ];
  for (const [path, epoch, held] of table) assert.equal(graves.holds(path, epoch), held, `${path} ${epoch}`);
  graves.lives('a/b/c');
  assert.deepEqual([graves.holds('a/b/c', 7), graves.holds('a/b', 7)], [false, true]);
  assert.deepEqual([graves.below('a'), graves.below('a/b'), graves.below('x')], [true, false, false]);
});
