/** Who may do what, with the clients that people have: each rule of topics.md that an attacker would try first. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { HUB } from '../../src/compose/tokens.js';
import type { Hub } from '../../src/streams/hub.js';
import { as, type Guarded, guardedTree, secretOf } from '../support/guarded.js';
import { startMosquitto } from '../support/mosquitto.js';
import { publish, Tap } from '../support/mqtt-tools.js';
import { skipWithout } from '../support/parts.js';
import { RawClient } from '../support/raw-mqtt.js';
import { Sandbox } from '../support/sandbox.js';
import { until } from '../support/wait.js';

const skip =
  skipWithout('mosquitto', 'mosquitto_sub', 'mosquitto_pub') ||
  (process.platform !== 'linux' && 'needs /proc');

describe('access by path', { skip }, () => {
  const box = new Sandbox({ after });
  let tree: Guarded;
  after(() => tree?.stop());
  /** Sees all there is. */
  let chief: Tap;

  before(async () => {
    tree = await guardedTree(box);
    chief = await Tap.openAs(box, tree.port, as('adam'), '#');
  });

  const say = (who: string, topic: string, text: string, ...more: string[]): Promise<void> =>
    publish(tree.port, topic, text, ...as(who), ...more);
  const tap = (who: string, ...filters: string[]): Promise<Tap> =>
    Tap.openAs(box, tree.port, as(who), ...filters);
  const raw = (who: string, clientId: string) => ({ clientId, username: who, password: secretOf(who) });
  const granted = async (who: string, ...filters: string[]): Promise<number[]> => {
    const client = await RawClient.open(tree.port, raw(who, `asks-${who}`));
    return client.subscribe(filters);
  };
  const answer = (path: string, id: string) =>
    chief.first(({ topic, json }) => topic === `canopy/${path}/res` && json?.id === id && json.done);

  it('is for those only who can say who they are', async () => {
    const refused = /Connection Refused/;
    await assert.rejects(publish(tree.port, 'canopy/rack1/web/cmd', 'stop'), refused);
    await assert.rejects(
      publish(tree.port, 'canopy/rack1/web/cmd', 'stop', '-u', 'olga', '-P', 'guess'),
      refused,
    );
    await assert.rejects(Tap.openAs(box, tree.port, ['-u', 'adam'], '#'), /Connection Refused|ended/);
  });

  it('a leaf that poses as its neighbour is believed nothing', async () => {
    const lost = JSON.stringify({
      v: 1,
      epoch: 9_999_999_999_999,
      ts: Date.now(),
      kind: 'leaf',
      link: 'lost',
      reason: 'lie',
    });
    await say('spy', 'canopy/db/state', lost, '-r');
    await say('spy', 'canopy/rack1/web/state', lost, '-r');
    await say('spy', 'canopy/rack1/web/cmd', 'stop');
    await say('spy', 'canopy/spy/below/state', lost);
    await chief.first(({ topic, json }) => topic === 'canopy/evt' && json.code === 'not-authorized');
    assert.equal(await new RawClient(tree.port).connect(raw('spy', 'canopy/db/0123456789abcdef')), 2);
    const spy = await RawClient.open(tree.port, raw('spy', 'canopy/spy/0123456789abcdef'));
    const filters = [
      'canopy/spy/cmd',
      'canopy/db/cmd',
      'canopy/+/cmd',
      '#',
      'canopy/spy/#',
      'canopy/spy/log',
    ];
    assert.deepEqual(await spy.subscribe(filters), [0, 128, 128, 128, 128, 128]);
    for (const path of ['db', 'rack1/web']) await tree.rest.expect(path, { status: 'up', link: 'online' });
    assert.deepEqual(
      chief.messages.filter(({ text }) => text.includes('"lie"')),
      [],
    );
  });

  it('a viewer who asks for # gets his subtree, stored and live, and no commands', async () => {
    const vera = await tap('vera', '#');
    await say('oleg', 'canopy/db/cmd', 'ping');
    await say('oleg', 'canopy/rack1/web/cmd', '{"op":"ping","id":"seen"}');
    await answer('rack1/web', 'seen');
    await vera.first(({ json }) => json?.id === 'seen' && json.done);
    await vera.first(({ topic }) => topic === 'canopy/rack1/web/hb');
    assert.ok(vera.messages.some(({ topic, retain }) => topic === 'canopy/rack1/web/state' && retain));
    const others = vera.messages.filter(
      ({ topic }) => !/^canopy\/rack1\/(web\/)?(hb|state|evt|res)$/.test(topic),
    );
    assert.deepEqual(
      others.map(({ topic }) => topic),
      [],
    );
    assert.ok(chief.messages.some(({ topic }) => topic === 'canopy/rack1/web/cmd'));
    assert.deepEqual(await granted('vera', 'canopy/db/#', 'canopy/rack1/#'), [128, 0]);
  });

  it('who follows a log must be one who may read it', async () => {
    const hub = tree.root.container.get(HUB) as Hub;
    const vito = await tap('vito', 'canopy/+/+/log', 'canopy/rack2/state');
    // Nothing more is there to wait for than what a follower would have had by then.
    const olga = await tap('olga', 'canopy/rack1/evt');
    await say('oleg', 'canopy/rack1/cmd', '{"op":"ping","id":"turn"}');
    await answer('rack1', 'turn');
    assert.deepEqual(hub.followed, []);
    const vera = await tap('vera', 'canopy/+/+/log');
    await vera.first(({ topic, json }) => topic === 'canopy/rack1/web/log' && json.lines[0].line === 'hello');
    assert.deepEqual([vito.messages, olga.on('canopy/rack1/web/log')], [[], []]);
  });

  it('an operator commands within his subtree, under his own name', async () => {
    const { pid } = await tree.rest.node('rack1/web');
    await say('olga', 'canopy/rack1/web/cmd', '{"op":"restart","id":"mine","by":"root"}');
    assert.equal((await answer('rack1/web', 'mine')).json.status, 'succeeded');
    const node = await tree.rest.expect('rack1/web', it => it.status === 'up' && it.pid !== pid);
    const reasons = chief.on('canopy/rack1/web/state').map(({ json }) => json.reason);
    assert.ok(reasons.includes('restart by olga'), `${reasons}`);
    await say('olga', 'canopy/rack1/cmd', '{"op":"restart","id":"many","select":{"all":true}}');
    assert.equal((await answer('rack1', 'many')).json.status, 'succeeded');
    await tree.rest.expect('rack1/web', it => it.status === 'up' && it.pid !== node.pid);
  });

  it('and not outside it, nor what takes an admin', async () => {
    const { pid } = await tree.rest.node('db');
    await say('olga', 'canopy/db/cmd', 'restart');
    await say('olga', 'canopy/cmd', 'restart all');
    await say('vera', 'canopy/rack1/web/cmd', 'stop');
    await say('olga', 'canopy/rack1/cmd', '{"op":"forget","id":"gone","args":{"path":"web"}}');
    const { status, error } = (await answer('rack1', 'gone')).json;
    assert.deepEqual([status, error.code], ['rejected', 'not-authorized']);
    await say('olga', 'canopy/rack1/cmd', '{"id":"broken",');
    assert.equal((await answer('rack1', 'broken')).json.error.code, 'bad-payload');
    for (const topic of [
      'canopy/rack1/web/state',
      'canopy/rack1/web/res',
      'canopy/rack1/web/_flow',
      'home/lamp',
    ])
      await say('olga', topic, '{}');
    await say('adam', 'canopy/rack1/web/state', '', '-r');
    await say('oleg', 'canopy/db/cmd', '{"op":"ping","id":"fence"}');
    await answer('db', 'fence');
    await tree.rest.expect('db', { status: 'up', pid });
    await tree.rest.expect('rack1/web', { status: 'up' });
    const passed = chief.messages.filter(({ topic, text }) => text === '{}' || topic === 'canopy/cmd');
    assert.deepEqual(passed, []);
  });

  it('a poison will is refused with its CONNECT', async () => {
    const will = (topic: string) => ({ topic, payload: 'stop' });
    const tries: [string, string][] = [
      ['vera', 'canopy/rack1/web/cmd'],
      ['olga', 'canopy/db/cmd'],
      ['spy', 'canopy/db/state'],
      ['spy', 'canopy/rack1/web/cmd'],
    ];
    for (const [who, topic] of tries)
      assert.equal(
        await new RawClient(tree.port).connect({ ...raw(who, `w-${who}`), will: will(topic) }),
        5,
        topic,
      );
    await tree.rest.expect('rack1/web', { status: 'up' });
    await tree.rest.expect('db', { status: 'up' });
  });

  it('a retained command waits for nobody', async () => {
    await say('olga', 'canopy/rack1/web/cmd', '{"op":"stop","id":"trap"}', '-r');
    assert.equal((await answer('rack1/web', 'trap')).json.error.code, 'retained-command');
    await say('olga', 'canopy/rack1/later/cmd', 'stop', '-r');
    const later = await tap('olga', 'canopy/rack1/+/cmd');
    await say('olga', 'canopy/rack1/web/cmd', '{"op":"ping","id":"live"}');
    await later.first(({ json }) => json?.id === 'live');
    assert.equal(later.messages.length, 1);
    await tree.rest.expect('rack1/web', { status: 'up' });
  });

  it('$SYS is for admins', async () => {
    assert.deepEqual(await granted('oleg', '$SYS/#', '#'), [128, 0]);
    const sys = await tap('adam', '$SYS/#');
    const guest = await tap('vera', '#');
    await sys.first(({ topic }) => topic.endsWith('/new/clients'));
    assert.deepEqual(
      [...guest.messages, ...chief.messages].filter(({ topic }) => topic.startsWith('$')),
      [],
    );
  });

  it('a plain mosquitto is let in as the relay whose secret it has', async () => {
    const bridge = [
      'connection up',
      `address 127.0.0.1:${tree.port}`,
      'remote_username rack9',
      `remote_password ${secretOf('rack9')}`,
      'topic +/evt out 1 canopy/ canopy/rack9/',
      'topic +/cmd in 1 canopy/ canopy/rack9/',
      'restart_timeout 1',
    ];
    const mosquitto = await startMosquitto(bridge, undefined, box.env());
    const below = await Tap.open(box, mosquitto.port, 'canopy/+/cmd');
    await until(async () => {
      await say('oleg', 'canopy/rack9/leaf/cmd', 'ping');
      return below.messages.length > 0;
    }, 10_000);
    const event = { v: 1, epoch: 1, seq: 1, ts: 1, event: 'phase', reason: 'hello' };
    await publish(mosquitto.port, 'canopy/leaf/evt', JSON.stringify(event));
    await chief.first(({ topic, json }) => topic === 'canopy/rack9/leaf/evt' && json.reason === 'hello');
    await mosquitto.stop();
  });

  it('whose token is taken back is dropped', async () => {
    const vera = await RawClient.open(tree.port, raw('vera', 'lasting'));
    await tree.store.revokeToken('vera');
    await vera.ended();
    await tree.rest.expect('rack1/web', { status: 'up' });
  });
});
