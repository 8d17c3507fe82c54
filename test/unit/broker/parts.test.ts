import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { RetainedStore } from '../../../broker/aedes/retained.js';
import { Claims, type Holder } from '../../../broker/entry/claims.js';
import { TcpListener } from '../../../broker/listener.js';
import { Bucket } from '../../../broker/wire/bucket.js';
import { dialTcp } from '../../../broker/wire/dial.js';
import { Outbox } from '../../../broker/wire/outbox.js';
import { message } from '../../support/broker.js';
import { until } from '../../support/wait.js';

test('neither side lets small packets wait (Nagle)', async () => {
  const listener = new TcpListener();
  const accepted: Socket[] = [];
  const { port } = await listener.open({ host: '127.0.0.1', port: 0 }, socket => accepted.push(socket));
  const dialled = dialTcp(new URL(`mqtt://127.0.0.1:${port}`), 1000);
  await until(() => accepted.length === 1);
  for (const socket of [dialled, ...accepted]) {
    const symbol = Object.getOwnPropertySymbols(socket).find(
      ({ description }) => description === 'kSetNoDelay',
    );
    assert.equal(symbol && (socket as unknown as Record<symbol, boolean>)[symbol], true);
    socket.destroy();
  }
  await listener.close();
});

const holder = (instance: string) => {
  const dropped: string[] = [];
  const made: Holder & { live: boolean; dropped: string[] } = {
    instance,
    live: true,
    dropped,
    alive: () => made.live,
    drop: () => {
      made.live = false;
      dropped.push(instance);
    },
  };
  return made;
};

test('a name is held while its holder lives', () => {
  const claims = new Claims();
  const [one, two] = [holder('a'), holder('b')];
  assert.ok(claims.take('web', one));
  assert.ok(!claims.take('web', two));
  one.live = false;
  assert.ok(claims.take('web', two));
  claims.end('web', one);
  assert.ok(claims.isTaken('web', 'a'), 'the end of an earlier holder frees nothing');
  claims.end('web', two);
  assert.ok(!claims.isTaken('web', 'a'));
});

test('an instance takes over from itself, and a released name is free', () => {
  const claims = new Claims();
  const [before, after, other] = [holder('a'), holder('a'), holder('b')];
  claims.take('web', before);
  assert.ok(claims.take('web', after));
  assert.deepEqual(before.dropped, ['a']);
  assert.ok(claims.release('web'));
  assert.deepEqual(after.dropped, ['a']);
  assert.ok(claims.take('web', other));
  assert.ok(!claims.release('nobody'));
});

test('the outbox keeps order over a lost connection and drops the oldest', () => {
  const outbox = new Outbox(3, 2);
  const drops = ['a', 'b', 'c', 'd', 'e'].map(text => outbox.push({ message: message('t', text) }));
  assert.deepEqual(drops, [0, 0, 0, 1, 1]);
  const take = () => outbox.next()?.entry.message.payload.toString();
  assert.deepEqual([take(), take(), take()], ['c', 'd', undefined]);
  outbox.acknowledge(1);
  assert.equal(take(), 'e');
  outbox.rewind();
  assert.deepEqual([take(), take()], ['d', 'e']);
  assert.equal(outbox.size, 2);
});

test('what somebody else keeps is neither sent again by the outbox nor the one that goes', () => {
  const outbox = new Outbox(2, 2);
  const push = (text: string, arrived?: () => void) => outbox.push({ message: message('t', text), arrived });
  const take = () => outbox.next()?.entry.message.payload.toString();
  assert.deepEqual([push('kept', () => {}), push('b'), push('c')], [0, 0, 1]);
  assert.deepEqual([take(), take()], ['kept', 'c']);
  push('d', () => {});
  outbox.rewind();
  assert.deepEqual([take(), take(), outbox.size], ['c', undefined, 1]);
});

test('the outbox survives what wraps MQTT.js (65,535)', () => {
  const outbox = new Outbox(200_000, 64);
  for (let at = 0; at < 100_000; at++) assert.equal(outbox.push({ message: message('t', `${at}`) }), 0);
  for (let at = 0; at < 100_000; at++) {
    const next = outbox.next();
    assert.equal(next?.entry.message.payload.toString(), `${at}`);
    outbox.acknowledge(next?.ticket ?? 0);
  }
  assert.equal(outbox.size, 0);
});

const stored = (topic: string, payload: string) => ({ topic, payload: Buffer.from(payload), qos: 1 });
const roomy = {
  maxRetained: 100_000,
  maxRetainedBytes: 1e9,
  maxRetainedPerChild: 100_000,
  maxRetainedBytesPerChild: 1e9,
};

test('the retained store keeps its bounds', () => {
  const store = new RetainedStore({ ...roomy, maxRetained: 2, maxRetainedBytes: 1000 }, 'canopy');
  assert.ok(store.set(stored('a', '1')) && store.set(stored('b', '1')));
  assert.ok(!store.set(stored('c', '1')), 'one too many');
  assert.ok(store.set(stored('a', '2')), 'one that is there already may change');
  assert.ok(!store.set(stored('a', 'x'.repeat(1000))), 'too many bytes');
  assert.equal(store.get('a')?.payload.toString(), '2');
  assert.ok(store.set(stored('b', '')), 'forgetting always has room');
  assert.equal(store.size, 1);
  assert.ok(store.set(stored('a', '')));
  assert.equal(store.bytes, 0);
});

test('one child can not use up what all may retain, nor can strangers', () => {
  const limits = { ...roomy, maxRetainedPerChild: 2, maxRetainedBytesPerChild: 200 };
  const store = new RetainedStore(limits, 'canopy');
  assert.ok(store.set(stored('canopy/rack1/a/state', '1')) && store.set(stored('canopy/rack1/state', '1')));
  assert.ok(!store.set(stored('canopy/rack1/b/state', '1')), 'one too many of rack1');
  assert.ok(store.set(stored('canopy/rack2/state', '1')), 'and none of rack2');
  assert.ok(!store.set(stored('canopy/rack2/state', 'x'.repeat(200))), 'too many bytes of it');
  assert.ok(store.set(stored('home/lamp', '1')) && store.set(stored('other', '1')));
  assert.ok(!store.set(stored('third', '1')), 'what is not ours is one');
  assert.ok(store.set(stored('canopy/rack1/state', '')));
  assert.ok(store.set(stored('canopy/rack1/b/state', '1')), 'room again');
});

test('the retained store looks a plain topic up, whatever else it has', () => {
  const store = new RetainedStore(roomy, 'canopy');
  for (let at = 0; at < 10_000; at++) store.set(stored(`canopy/n${at}/state`, 'x'));
  const started = performance.now();
  for (let at = 0; at < 10_000; at++) assert.equal([...store.find(`canopy/n${at}/state`)].length, 1);
  // Scanning takes a hundred thousand times as long.
  assert.ok(performance.now() - started < 1000);
  assert.equal([...store.find('canopy/+/state')].length, 10_000);
});

test('what is replayed to a stranger is as it was when he asked: what comes later comes live', async () => {
  const store = new RetainedStore(roomy, 'canopy');
  for (let at = 0; at < 5000; at++) store.set(stored(`n${at}`, 'x'));
  const replay = store.replay(['+', 'n7', 'n7']);
  const found: string[] = [];
  for await (const { topic } of replay) {
    if (found.push(topic) > 1) continue;
    store.set(stored('n1', 'newer'));
    store.set(stored('n2', ''));
    store.set(stored('later', 'x'));
  }
  assert.equal(found.filter(topic => topic === 'n7').length, 2, 'once for each filter');
  assert.equal(found.length, 4999, 'without n1, n2 and later');
  assert.ok(!found.some(topic => ['n1', 'n2', 'later'].includes(topic)));
});

test('ten strangers who ask for much by wildcards leave the loop to others, a slice of one at a time', async () => {
  const store = new RetainedStore(roomy, 'canopy');
  for (let at = 0; at < 10_000; at++) store.set(stored(`canopy/n${at}/state`, 'x'));
  const filters = Array.from({ length: 20 }, (_, at) => `canopy/+/x${at}`);
  let turns = 0;
  let under = 10;
  const turn = () => {
    turns += 1;
    if (under > 0) setImmediate(turn);
  };
  setImmediate(turn);
  const ask = async () => {
    for await (const packet of store.replay(filters)) assert.fail(packet.topic);
    under -= 1;
  };
  await Promise.all(Array.from({ length: 10 }, ask));
  // 10 x 20 filters x 10,000 messages in slices of 2,000: a turn of the loop for each.
  assert.ok(turns >= 900, `${turns} turns`);
});

test('the retained store does not keep the chunk that a payload came in', () => {
  const store = new RetainedStore(roomy, 'canopy');
  const chunk = Buffer.alloc(65_536, 'y');
  store.set({ topic: 'a', payload: chunk.subarray(10, 20), qos: 0 });
  chunk.fill('z');
  assert.equal(store.get('a')?.payload.toString(), 'y'.repeat(10));
});

test('a bucket pays debts back by time', () => {
  const bucket = new Bucket(100, 400, 0);
  assert.equal(bucket.spend(400, 0), 0, 'all at once');
  assert.equal(bucket.spend(50, 0), 500, 'half a second of debt');
  assert.equal(bucket.spend(0, 250), 250);
  assert.equal(bucket.spend(0, 500), 0);
  assert.equal(bucket.isFull(4499), false);
  assert.equal(bucket.isFull(4500), true);
  assert.equal(bucket.spend(400, 1e9), 0, 'no more than full');
  assert.ok(bucket.spend(1, 1e9) > 0);
});
