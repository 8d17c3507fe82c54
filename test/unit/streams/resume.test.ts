/** Readers that are slow, flows that break, and errors, over real brokers. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { MemoryLog } from '../../support/memory-log.js';
import { startMosquitto } from '../../support/mosquitto.js';
import { until } from '../../support/wait.js';
import { isOnline, opener, Reader, startHub, startLeaf, startViewer, twoHops, upTo } from './support.js';

const open = opener(after);

async function chain() {
  const { root, rack1, log, leaf } = await twoHops(open);
  const follow = (query: object = { tail: 0 }, choice = {}) =>
    new Reader(root.hub.source('rack1/web', choice), { ...query, follow: true });
  const joined = (followers: number) =>
    until(() => root.hub.followed[0]?.followers === followers, 5000, `${followers} followers`);
  return { root, rack1, log, leaf, follow, joined };
}

const fill = (log: MemoryLog, lines: number): void => {
  for (let nth = 0; nth < lines; nth++) log.append('x'.repeat(1000));
};

describe('a follower that stands still', () => {
  test('holds up nobody, and has missed nothing when it goes on', async () => {
    const { log, follow, joined, leaf } = await chain();
    const [slow, quick] = [follow(), follow()];
    await joined(2);
    let go = (): void => {};
    slow.frozen = new Promise(resolve => {
      go = resolve;
    });
    fill(log, 8000);
    await quick.has(8000, 20_000);
    assert.deepEqual(quick.seqs, upTo(8000));
    assert.ok(slow.lines.length < 200, `${slow.lines.length} lines`);
    slow.frozen = null;
    go();
    await slow.has(8000, 20_000);
    log.count(1);
    await Promise.all([slow.has(8001), quick.has(8001)]);
    assert.deepEqual([slow.seqs, slow.gaps], [upTo(8001), []]);
    await until(() => leaf.server.size === 1, 5000, 'both share one flow again');
  });

  test('is told what was dropped meanwhile', async () => {
    const { log, follow, joined } = await chain();
    const [slow, quick] = [follow(), follow()];
    await joined(2);
    let go = (): void => {};
    slow.frozen = new Promise(resolve => {
      go = resolve;
    });
    fill(log, 4000);
    await quick.has(4000, 20_000);
    log.drop(3500);
    slow.frozen = null;
    go();
    await until(() => slow.seqs.at(-1) === 4000, 20_000, 'the last line');
    const [gap] = slow.gaps as unknown as [{ from: number; to: number }];
    assert.equal(slow.gaps.length, 1);
    assert.deepEqual(slow.seqs, [...upTo(gap.from - 1), ...upTo(4000, gap.to + 1)]);
    assert.equal(gap.to, 3500);
  });

  test('and is alone: then nothing more is read at the leaf than its credit allows', async () => {
    const { root, log, follow, joined } = await chain();
    const slow = follow();
    await joined(1);
    let go = (): void => {};
    slow.frozen = new Promise(resolve => {
      go = resolve;
    });
    fill(log, 20_000);
    await until(() => slow.lines.length > 0);
    let [before, since] = [-1, performance.now()];
    await until(
      () => {
        if (log.handed !== before) [before, since] = [log.handed, performance.now()];
        return performance.now() - since > 300;
      },
      10_000,
      'nothing more is read',
    );
    // A window on each hop, what the ring holds at both hubs, and what is between them.
    assert.ok(log.handed < 5e6, `${log.handed} of ${20_000 * 1001} bytes`);
    assert.equal(root.hub.followed[0]?.followers, 1);
    slow.frozen = null;
    go();
    await slow.has(20_000, 30_000);
    assert.deepEqual([slow.seqs, slow.gaps], [upTo(20_000), []]);
  });
});

describe('goes on by itself', () => {
  test('when the relay was cut off in the middle of much, and comes back', async () => {
    const { root, rack1, log, leaf, follow, joined } = await chain();
    const readers = [follow(), follow(), follow()];
    await joined(3);
    fill(log, 3000);
    await Promise.all(readers.map(reader => reader.has(100)));
    const { port } = rack1;
    rack1.uplink?.abort();
    await rack1.close();
    fill(log, 3000);
    await open(startHub({ name: 'rack1', parentPort: root.port, port }));
    await until(() => leaf.link.state === 'connected', 10_000, 'the leaf is connected again');
    await Promise.all(readers.map(reader => reader.has(6000, 20_000)));
    for (const reader of readers) assert.deepEqual([reader.seqs, reader.gaps], [upTo(6000), []]);
  });

  test('with a regular expression, which is tried at the leaf', async () => {
    const { rack1, log, leaf, follow } = await chain();
    log.count(20);
    const reader = follow({ grep: { pattern: '[05]$', fixed: false } });
    await reader.has(4);
    leaf.crash();
    log.count(20);
    await open(startLeaf(rack1.port, 'web', log));
    await reader.has(8);
    log.count(5);
    await reader.has(9);
    assert.deepEqual(reader.seqs, [5, 10, 15, 20, 25, 30, 35, 40, 45]);
  });

  test('with a text, which each follower is sent the lines of', async () => {
    const { log, follow, joined, leaf } = await chain();
    const [some, all] = [follow({ tail: 0, grep: { pattern: '5', fixed: true } }), follow()];
    await joined(2);
    log.count(20);
    await Promise.all([some.has(2), all.has(20)]);
    assert.deepEqual(some.seqs, [5, 15]);
    await until(() => leaf.server.size === 1, 5000, 'both share one flow');
  });
});

describe('where there is nothing to read', () => {
  const failed = async (reader: Reader, code: string, deadlineMs = 2000): Promise<void> => {
    await until(() => reader.error, deadlineMs, `it failed as ${code}`);
    assert.equal((reader.error as { code?: string }).code, code, reader.error?.message);
  };

  test('it is said at once, and what is below is not asked', async () => {
    const { root, leaf, rack1 } = await chain();
    const read = (path: string, query = {}) => new Reader(root.hub.source(path), query);
    await failed(read('rack1/nobody'), 'not-found');
    await failed(read('nobody'), 'not-found');
    await failed(read('rack1'), 'unsupported-op');
    await failed(read(''), 'unsupported-op');
    await failed(read('rack1/web', { after: 99 }), 'bad-cursor');
    await failed(read('rack1/web', { after: 99, follow: true }), 'bad-cursor');
    leaf.crash();
    await until(() => root.registry.get('rack1/web')?.link === 'lost');
    await failed(read('rack1/web', { follow: true }), 'node-unreachable');
    rack1.uplink?.abort();
    await until(() => root.registry.get('rack1')?.link === 'lost');
    await failed(read('rack1/web'), 'node-unreachable');
    assert.equal(root.inflows.size, 0);
  });

  test('who is willing to wait is handed it when it comes', async () => {
    const { root, rack1 } = await chain();
    const reader = new Reader(root.hub.source('rack1/late', { wait: true }), { follow: true });
    const log = new MemoryLog();
    log.count(3);
    await open(startLeaf(rack1.port, 'late', log));
    await reader.has(3);
    reader.end();
    await until(() => reader.done);
    assert.equal(reader.error, null);
  });

  test('a frozen or older node is given up, once nothing has come of it for a while', async () => {
    const { root, leaf } = await chain();
    leaf.server.stop();
    const reader = new Reader(root.hub.source('rack1/web'), { tail: 1 });
    await failed(reader, 'node-unreachable', 8000);
  });

  test('more flows than a hop takes', async () => {
    const { root } = await chain();
    const log = new MemoryLog();
    await open(startLeaf(root.port, 'busy', log));
    await isOnline(root, 'busy');
    const grep = { pattern: 'x', fixed: false };
    const readers = Array.from(
      { length: 64 },
      () => new Reader(root.hub.source('busy'), { grep, follow: true }),
    );
    await until(() => log.open === 64);
    await failed(new Reader(root.hub.source('busy'), { tail: 1 }), 'too-many-streams');
    for (const reader of readers) reader.end();
    await until(() => log.open === 0);
    const again = new Reader(root.hub.source('busy'), { tail: 1 });
    await until(() => again.done);
    assert.equal(again.error, null);
  });
});

test('viewers that vanish behind a plain broker leave nothing once the lease is over', async () => {
  const mosquitto = await startMosquitto();
  await open({ close: () => mosquitto.stop() });
  const log = new MemoryLog();
  const leaf = await open(startLeaf(mosquitto.port, 'web', log, { leaseMs: 1500 }));
  await until(() => leaf.link.state === 'connected');
  const viewer = await open(startViewer(mosquitto.port));
  viewer.open('web');
  await until(() => log.open === 1);
  const openedAt = performance.now();
  viewer.vanish();
  await until(() => log.open === 0 && leaf.server.size === 0, 5000, 'nothing is read any more');
  assert.ok(performance.now() - openedAt > 1000, 'not before');
});
