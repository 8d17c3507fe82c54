import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { clearRemains } from '../../../src/leaf/remains.js';
import { Cgroup } from '../../../src/process/cgroup.js';
import { bootId } from '../../../src/process/identity.js';
import { lives } from '../../../src/process/stat.js';
import { until } from '../../support/wait.js';
import { Place } from '../process/target-support.js';
import { STEADY, supervise } from './support.js';

const skip = process.platform !== 'linux' && 'needs /proc';
const ESCAPING = [
  'sh',
  '-c',
  'setsid sh -c "trap \\"\\" TERM; echo \\$\\$; exec sleep 3600" & exec sleep 3600',
];
const childOf = (place: Place) => until(() => Number(/^\d+\n/.exec(place.text('target.log'))?.[0]));

for (const kind of ['a cgroup', 'a mark alone']) {
  test(`a child in a session of its own is gone, found by ${kind}`, { skip }, async t => {
    const place = await Place.open(t);
    const cgroup = kind === 'a cgroup' ? await Cgroup.open(place.mark) : null;
    if (kind === 'a cgroup' && cgroup === null) return t.skip('needs a cgroup v2 that may be written to');
    const target = await place.launch(ESCAPING, cgroup ? { cgroup: cgroup.path } : {});
    const child = await childOf(place);
    const from = performance.now();
    process.kill(target.pid, 'SIGTERM');
    await clearRemains({ group: target.group, cgroup, mark: place.mark }, 300);
    assert.ok(performance.now() - from >= 300, 'it had its time to end by itself');
    assert.deepEqual([lives(target.pid), lives(child)], [false, false]);
    await cgroup?.remove();
  });
}

test('a supervisor stops a child in a session of its own as well', { skip }, async t => {
  for (const adopting of [true, false]) {
    const { supervisor, spec, reaches, dispatch } = await supervise(t, ESCAPING, { graceMs: 200 });
    if (adopting) assert.equal(await supervisor.adopt(), false); // opens the cgroup
    dispatch('start');
    const text = () => readFileSync(spec.outputFile, 'utf8');
    await reaches('running');
    const child = await until(() => Number(/^\d+\n/.exec(text())?.[0]));
    assert.ok(lives(child));
    dispatch('stop');
    await reaches('stopped');
    assert.equal(lives(child), false);
  }
});

test('what a record of old names is not killed, where it is not ours', { skip }, async t => {
  const place = await Place.open(t);
  const stranger = await place.launch(STEADY);
  for (const [start, boot] of [
    ['1', await bootId()],
    ['1', '00000000-0000-0000-0000-000000000000'],
  ]) {
    const { supervisor, spec } = await supervise(t, STEADY);
    writeFileSync(`${spec.dataDir}/target.pid`, `${stranger.pid} ${start} ${boot} token ${stranger.group}\n`);
    assert.equal(await supervisor.adopt(), false);
    assert.ok(lives(stranger.pid) && lives(stranger.group));
  }
});
