/** What is true of a node besides up and down: late, which hop broke, restarts that were announced, flapping, wrong clocks. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { canopy } from '../support/cli.js';
import { byClockIn } from '../support/faketime.js';
import { Tap } from '../support/mqtt-tools.js';
import { leafSettings, type NodeProcess, startLeaf, startRelay, startRoot } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import { Rack } from '../support/racks.js';
import { Sandbox } from '../support/sandbox.js';
import { STEADY } from '../support/targets.js';

const tools =
  skipWithout('mosquitto_sub', 'mosquitto_pub') || (process.platform !== 'linux' && 'needs /proc');

describe('what is seen of a node', { skip: tools }, () => {
  const box = new Sandbox({ after });
  let [root, rack1, web]: NodeProcess[] = [];
  const cli = async (...words: string[]) =>
    (await canopy(box, words, { CANOPY_URL: root?.rest.url ?? '' })).stdout;
  before(async () => {
    root = await startRoot(box, { timeout: 4 });
    rack1 = await startRelay(box, root, { name: 'rack1' });
    web = await startLeaf(box, rack1, { name: 'web', target: STEADY });
    await root.rest.expect('rack1/web', { status: 'up' });
  });

  it('late after a missed heartbeat, and lost at the timeout; late no more when it is heard', async () => {
    rack1?.signal('SIGSTOP');
    const late = await root?.rest.expect('rack1', { late: true });
    assert.equal(late?.status, 'up');
    assert.match(await cli('tree'), /rack1 +up {2}relay {2}late/);
    const down = await root?.rest.expect('rack1', { status: 'down' });
    assert.equal(down?.late, false);
  });

  it('which hop broke, of it and of what is behind it, in words', async () => {
    for (const path of ['rack1', 'rack1/web']) {
      const { broken } = (await root?.rest.node(path)) ?? {};
      assert.deepEqual([broken?.path, broken?.cause], ['rack1', 'timeout']);
      assert.match(
        broken?.says ?? '',
        /^rack1 fell silent \(timeout\) \d+ s ago: relay or line, can't tell from here$/,
      );
      assert.match(await cli('get', path), /broken +rack1 fell silent \(timeout\)/);
    }
    rack1?.signal('SIGCONT');
    const back = await root?.rest.expect('rack1/web', { status: 'up', broken: null });
    assert.equal(back?.late, false);
  });

  it('a node that goes up and down is flapping, shown and told once', async () => {
    const tap = await Tap.open(box, root?.port as number, 'canopy/+/evt');
    const crash = await startLeaf(box, rack1 as NodeProcess, {
      name: 'crash',
      target: "sh -c 'sleep 0.1; exit 3'",
      start_seconds: 0,
      backoff_min: 0.05,
      backoff_max: 0.1,
      max_restarts: 0,
    });
    await root?.rest.expect('rack1/crash', { flapping: true }, 20_000);
    assert.match(await cli('get', 'rack1/crash'), /flapping/);
    const told = await tap.first(({ json }) => json?.event === 'flapping');
    assert.deepEqual([told.topic, told.json.path, told.json.to], ['canopy/rack1/evt', 'crash', 'on']);
    assert.equal((await root?.rest.node('rack1/web'))?.flapping, false);
    await crash.stop();
  });

  it('a restart that was announced is no outage; one that is not back in time is', async () => {
    const settings = leafSettings(rack1 as NodeProcess, {
      name: 'daemon',
      target: STEADY,
      restart_time: 3,
      data_dir: 'daemon',
    });
    const env = Object.entries(settings).map(([key, value]) => `CANOPY_${key.toUpperCase()}=${value}`);
    writeFileSync(box.path('daemon.env'), `${env.join('\n')}\n`);
    assert.equal((await canopy(box, ['start', 'daemon.env'], {}, 20_000)).code, 0);
    await root?.rest.expect('rack1/daemon', { status: 'up' });
    const tap = await Tap.open(box, root?.port as number, 'canopy/rack1/daemon/state');
    assert.equal((await canopy(box, ['restart', 'daemon.env'], {}, 30_000)).code, 0);
    await root?.rest.expect('rack1/daemon', { status: 'up' });
    const goodbye = await tap.first(({ json }) => json?.link === 'offline');
    assert.deepEqual([goodbye.json.reason, goodbye.json.restartBy - goodbye.json.ts], ['restart', 3000]);
    assert.deepEqual(
      tap.messages.filter(({ json }) => json.link === 'lost'),
      [],
    );

    const { pid } = JSON.parse(readFileSync(box.path('daemon', 'canopy.pid'), 'utf8'));
    writeFileSync(box.path('daemon', 'restart.json'), JSON.stringify({ pid }));
    process.kill(pid, 'SIGINT');
    const soon = await root?.rest.expect('rack1/daemon', { status: 'degraded', link: 'offline' });
    assert.deepEqual([soon?.reason, soon?.broken], ['restart', null]);
    const down = await root?.rest.expect('rack1/daemon', { status: 'down', link: 'lost' });
    assert.deepEqual([down?.cause, (down?.since ?? 0) - (soon?.since ?? 0) >= 2900], ['timeout', true]);
    assert.match(down?.broken?.says ?? '', /announced a restart and was not back in time/);
  });

  it('a relay that restarts: what is below it is unknown meanwhile, and nobody is lost', async () => {
    if (!rack1 || !root) throw new Error('no tree');
    writeFileSync(box.path('rack1', 'restart.json'), JSON.stringify({ pid: rack1.pid }));
    await rack1.stop();
    await root.rest.expect('rack1', { status: 'degraded' });
    const below = await root.rest.node('rack1/web');
    assert.deepEqual([below.status, below.blockedBy, below.broken], ['unknown', 'rack1', null]);
    await rack1.up();
    await root.rest.expect('rack1/web', { status: 'up' });
  });

  it('an ordinary end is no restart, though another process of it was to be restarted', async () => {
    writeFileSync(box.path('web', 'restart.json'), JSON.stringify({ pid: 1 }));
    await web?.stop();
    await root?.rest.expect('rack1/web', { status: 'stopped' });
  });
});

const noClock = skipWithout('faketime', 'mosquitto_sub') || (process.platform !== 'linux' && 'needs /proc');

describe('a clock that is wrong', { skip: noClock }, () => {
  const box = new Sandbox({ after });
  it('is shown and told, and makes nobody lost, nor does a step of it', async () => {
    const root = await startRoot(box);
    const clock = (offset: string): void => writeFileSync(box.path('clock'), offset);
    clock('+1h');
    const wrap = byClockIn(box.path('clock'));
    const tap = await Tap.open(box, root.port, 'canopy/evt', 'canopy/+/state');
    const rack = await Rack.up(box, root, { name: 'far', wrap }, [{ name: 'web', target: STEADY }]);
    const near = (ms: number) => (node: { skewMs: number | null }) =>
      Math.abs((node.skewMs ?? 0) - ms) < 5000;
    for (const path of ['far', 'far/web']) {
      const { warnings, status } = await root.rest.expect(path, near(3_600_000));
      assert.match(warnings.join(), /^its clock is 3(600|599\.\d) s ahead of that of this node$/);
      assert.equal(status, 'up');
    }
    await tap.first(({ json }) => json?.event === 'clock' && json.path === 'far');
    clock('-1h');
    await root.rest.expect('far', near(-3_600_000));
    await root.rest.expect('far/web', { status: 'up', late: false });
    clock('+0');
    await root.rest.expect('far', node => node.warnings.length === 0);
    await tap.first(({ json }) => json?.event === 'clock' && /right again/.test(json.reason));
    await root.rest.expect('far', node => node.status === 'up' && !node.late);
    assert.equal(tap.messages.filter(({ json }) => json?.event === 'clock').length, 2);
    assert.deepEqual(
      tap.messages.filter(({ json }) => json?.link === 'lost' || json?.to === 'lost'),
      [],
    );
    await rack.crash();
  });
});
