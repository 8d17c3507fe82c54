import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { MaintenanceState } from '../../../src/node/maintenance.js';
import { CommandMemory } from '../../../src/node/memory.js';
import { Tree } from '../../../src/tree/tree.js';
import { EPOCH, message, openBelow, openRoster, stateOf } from './support.js';

async function open(t: TestContext, restartMs: number | null = null) {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-tree-'));
  const below = await openBelow();
  const { place, registry, ingest, clock } = below;
  const tree = new Tree({
    kind: 'relay',
    epoch: EPOCH,
    interval: 3,
    timeout: 10,
    link: place.link,
    registry,
    roster: openRoster(below),
    ingest,
    memory: new CommandMemory(null),
    clock,
    log: { info: () => {}, warn: () => {} },
    release: () => {},
    presence: place.broker,
    flapping: { high: 50, low: 25, intervalMs: 30_000 },
    clockSkewMs: 5000,
    restarting: () => restartMs,
    maintenance: new MaintenanceState(dir, clock),
    insecure: false,
    below: () => () => async () => ({}),
  });
  t.after(() => {
    tree.stop();
    rmSync(dir, { recursive: true });
    return place.close();
  });
  await tree.start();
  return { ...below, tree };
}

test('it says that it is there, beats with a roll-up of what is below, and says goodbye', async t => {
  const { place, tree, registry } = await open(t);
  const [hello] = await place.said('state');
  assert.deepEqual(
    [hello?.path, hello?.value.kind, hello?.value.link, hello?.value.epoch],
    ['', 'relay', 'online', EPOCH],
  );
  const [beat] = await place.said('hb');
  assert.deepEqual([beat?.value.seq, beat?.value.kind, beat?.value.leaves?.up], [1, 'relay', 0]);
  tree.stop();
  const last = (await place.said('state')).at(-1);
  assert.deepEqual([last?.value.link, last?.value.reason], ['offline', 'stopped']);
  assert.equal(registry.get('')?.link, 'offline');
});

test('it answers commands to itself', async t => {
  const { place } = await open(t);
  place.link.publish(message('canopy/cmd', Buffer.from('ping id=p1')));
  const answers = (await place.said('res')).map(({ path, value: { id, status } }) => [path, id, status]);
  assert.deepEqual(answers, [
    ['', 'p1', 'accepted'],
    ['', 'p1', 'succeeded'],
  ]);
});

test('a relay that is forgotten takes what is retained of its subtree with it', async t => {
  const { place } = await open(t);
  for (const path of ['rack1', 'rack1/a', 'rack1/a/b', 'web'])
    place.link.publish(message(`canopy/${path}/state`, stateOf(), true));
  place.link.publish(message('canopy/rack1/state', Buffer.alloc(0), true));
  await place.said('state');
  const retained = (await place.link.retained('canopy/#')).map(({ topic }) => topic).sort();
  assert.deepEqual(retained, ['canopy/state', 'canopy/web/state']);
});

test('before a planned restart its goodbye says when it means to be back', async t => {
  const { place, tree, clock } = await open(t, 30_000);
  tree.stop();
  const last = (await place.said('state')).at(-1)?.value;
  assert.deepEqual([last?.link, last?.reason, last?.restartBy], ['offline', 'restart', clock.now() + 30_000]);
});
