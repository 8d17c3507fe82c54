import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Link } from '../../../broker/link.js';
import { MqttLink } from '../../../broker/mqtt-link.js';
import { systemClock } from '../../../src/core/clock.js';
import { DesiredState } from '../../../src/leaf/desired.js';
import { Leaf } from '../../../src/leaf/leaf.js';
import { LeafTarget } from '../../../src/leaf/leaf-target.js';
import { nameTaken } from '../../../src/leaf/name-taken.js';
import { LogStore } from '../../../src/logs/store.js';
import { MaintenanceState } from '../../../src/node/maintenance.js';
import { CommandMemory } from '../../../src/node/memory.js';
import { clientIdOf } from '../../../src/protocol/identity.js';
import { message } from '../../support/broker.js';
import { until } from '../../support/wait.js';
import { EPOCH, Place } from '../node/support.js';
import { endAtExit, STEADY, STUBBORN, targetSpec, UNPROBED } from './support.js';

const outputOf = (leaf: Leaf): string => outputs.get(leaf) ?? '';
const outputs = new WeakMap<Leaf, string>();

async function leafOver(t: TestContext, link: Link, words = STEADY): Promise<Leaf> {
  const dir = await mkdtemp(join(tmpdir(), 'canopy-leaf-'));
  const spec = targetSpec(dir, words, { graceMs: 500 });
  const logs = new LogStore({
    dir: join(dir, 'logs'),
    segmentBytes: 8e6,
    maxBytes: 1e8,
    maxAgeMs: null,
    capture: 'files',
    clock: systemClock,
  });
  const desired = new DesiredState(spec.dataDir);
  const memory = new CommandMemory(null);
  const order = null;
  const target = new LeafTarget({
    spec: { ...spec, output: logs },
    logs,
    desired,
    memory,
    order,
    clock: systemClock,
  });
  const leaf = new Leaf({
    name: 'web',
    facts: { app: 'shop', epoch: EPOCH, interval: 60 },
    target,
    logs,
    health: UNPROBED,
    order,
    handing: { plan: () => async () => ({}), start: () => {} },
    link,
    allow: null,
    desired,
    maintenance: new MaintenanceState(spec.dataDir, systemClock),
    labels: { zone: 'a' },
    ephemeral: false,
    restarting: () => null,
    host: { name: 'box1', cores: 2 },
    memory,
    clock: systemClock,
    log: { info: () => {}, warn: () => {} },
  });
  endAtExit(leaf.supervisor);
  outputs.set(leaf, join(dir, 'logs', 'stdout.0.1'));
  t.after(async () => {
    await leaf.stop();
    await rm(dir, { recursive: true, force: true });
  });
  await target.begin();
  return leaf;
}

test('a leaf starts its target, says so, obeys, and says goodbye', async t => {
  const place = await Place.open();
  t.after(() => place.close());
  const leaf = await leafOver(t, place.broker.link({ name: 'web', instance: 'a' }));
  await leaf.start();
  const { pid, phase } = leaf.supervisor.model;
  assert.equal(phase, 'running');
  const online = (await place.said('state')).at(-1);
  assert.deepEqual(
    [online?.path, online?.value.link, online?.value.pid, online?.value.app],
    ['web', 'online', pid, 'shop'],
  );
  assert.equal((await place.said('hb'))[0]?.value.pid, pid);
  place.link.publish(message('canopy/web/cmd', 'ping id=p1'));
  await until(async () => (await place.said('res')).length === 2);
  await leaf.stop();
  const last = (await place.said('state')).at(-1)?.value;
  assert.deepEqual([last?.link, last?.phase, last?.pid], ['offline', 'stopped', null]);
});

test('one that is being stopped answers what waits, and begins none of it', async t => {
  const place = await Place.open();
  t.after(() => place.close());
  const leaf = await leafOver(t, place.broker.link({ name: 'web', instance: 'a' }), STUBBORN);
  await leaf.start();
  await until(() => readFileSync(outputOf(leaf), 'utf8') === 'ready\n');
  for (const id of ['a', 'b']) place.link.publish(message('canopy/web/cmd', `restart id=${id}`));
  await until(async () => (await place.said('res')).length === 3);
  await leaf.stop();
  const ends = (await place.said('res')).filter(({ value }) => value.done);
  assert.deepEqual(
    ends.map(({ value: { id, error } }) => [id, error?.code]),
    [
      ['b', 'shutting-down'],
      ['a', 'superseded'],
    ],
  );
  assert.equal(leaf.supervisor.model.generation, 1, 'nothing was started');
});

test('a parent that has another leaf of this name alive says so', async t => {
  const place = await Place.open();
  t.after(() => place.close());
  place.broker.link({ name: 'web', instance: 'a' });
  const url = `mqtt://127.0.0.1:${place.broker.address.port}`;
  const link = new MqttLink({ url, clientId: clientIdOf('web', '00000000') });
  t.after(() => link.abort());
  assert.equal((await nameTaken(link))?.code, 'name-taken');
});

test('without a parent the target runs all the same', async t => {
  const gone = await Place.open();
  const { port } = gone.broker.address;
  await gone.close();
  const leaf = await leafOver(
    t,
    new MqttLink({ url: `mqtt://127.0.0.1:${port}`, clientId: clientIdOf('web', '00000000') }),
  );
  await leaf.start();
  assert.equal(leaf.supervisor.model.phase, 'running');
});
