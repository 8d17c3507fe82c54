import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { until } from '../../support/wait.js';
import { opener, Reader, startLeaf, twoHops, upTo } from './support.js';

const open = opener(after);

const chain = () => twoHops(open);

describe('over two hops', () => {
  test('a snapshot, then an end that says what is stored', async () => {
    const { root, log } = await chain();
    log.count(10);
    const reader = new Reader(root.hub.source('rack1/web'), { tail: 3 });
    await until(() => reader.done);
    assert.equal(reader.error, null);
    assert.deepEqual(
      reader.lines.map(({ line }) => line),
      ['line 8', 'line 9', 'line 10'],
    );
    assert.deepEqual(reader.items.at(-1), { kind: 'end', first: 1, last: 10 });
    await until(() => root.inflows.size === 0);
  });

  test('ten who follow are one flow per hop, and none is left when they have gone', async () => {
    const { root, rack1, log, leaf } = await chain();
    log.count(5);
    const readers = Array.from(
      { length: 10 },
      () => new Reader(root.hub.source('rack1/web'), { tail: 2, follow: true }),
    );
    await Promise.all(readers.map(reader => reader.has(2)));
    log.count(100);
    await Promise.all(readers.map(reader => reader.has(102)));
    for (const reader of readers) assert.deepEqual(reader.seqs, upTo(105, 4));
    const sizes = () => [root.inflows.size, rack1.inflows.size, leaf.server.size, log.open];
    await until(() => sizes().every(size => size === 1), 2000, `one flow per hop, found ${sizes()}`);
    for (const reader of readers) reader.end();
    await until(() => leaf.server.size === 0 && log.open === 0);
    assert.deepEqual([root.inflows.size, rack1.inflows.size, rack1.server?.size], [0, 0, 0]);
  });

  test('much more than any window goes through, in order', async () => {
    const { root, log } = await chain();
    const reader = new Reader(root.hub.source('rack1/web'), { tail: 0, follow: true });
    await until(() => root.hub.followed.length === 1);
    const line = 'x'.repeat(1000);
    for (let nth = 0; nth < 20_000; nth++) log.append(line);
    await reader.has(20_000, 20_000);
    assert.deepEqual(reader.seqs, upTo(20_000));
  });

  test('a leaf that comes back is followed on, by those who noticed nothing', async () => {
    const { root, rack1, log, leaf } = await chain();
    const readers = Array.from(
      { length: 3 },
      () => new Reader(root.hub.source('rack1/web'), { tail: 0, follow: true }),
    );
    await until(() => root.hub.followed[0]?.followers === 3);
    log.count(10);
    await Promise.all(readers.map(reader => reader.has(10)));
    leaf.crash();
    log.count(10);
    await open(startLeaf(rack1.port, 'web', log));
    log.count(10);
    await Promise.all(readers.map(reader => reader.has(30)));
    for (const reader of readers) assert.deepEqual([reader.seqs, reader.gaps], [upTo(30), []]);
  });
});
