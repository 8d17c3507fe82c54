import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { until } from '../../support/wait.js';
import { opener, Reader, twoHops } from './support.js';

const open = opener(after);

test('a node that is forgotten while it is read ends that, waited for or not; one that was never known is waited for', async () => {
  const { root, rack1, log, leaf } = await twoHops(open);
  log.count(3);
  const follow = (path: string, choice = {}) =>
    new Reader(root.hub.source(path, choice), { after: 0, follow: true });
  const readers = [follow('rack1/web'), follow('rack1/web', { wait: true })];
  await Promise.all(readers.map(reader => reader.has(3)));
  const never = follow('rack1/never', { wait: true });
  leaf.crash();
  await until(() => root.registry.get('rack1/web')?.link === 'lost');
  assert.ok(
    readers.every(reader => !reader.done),
    'it may come back',
  );
  rack1.link.publish({
    topic: 'canopy/web/state',
    payload: Buffer.alloc(0),
    qos: 1,
    retain: true,
  });
  await until(() => readers.every(reader => reader.done), 10_000, 'they end');
  for (const { error } of readers) assert.equal((error as { code?: string } | null)?.code, 'forgotten');
  assert.deepEqual([never.done, never.error], [false, null]);
  never.end();
});
