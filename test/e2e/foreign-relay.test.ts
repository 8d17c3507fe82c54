/** A plain mosquitto with a bridge of its own stands in for a relay: the topics are an open contract. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Mosquitto, startMosquitto } from '../support/mosquitto.js';
import { publish, Tap } from '../support/mqtt-tools.js';
import { type NodeProcess, startLeaf, startRoot } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import { Sandbox } from '../support/sandbox.js';
import { lives, STEADY } from '../support/targets.js';
import { until } from '../support/wait.js';

const noTools = skipWithout('mosquitto', 'mosquitto_sub', 'mosquitto_pub');
const skip = noTools || (process.platform !== 'linux' && 'needs /proc');

/** Seconds. */
const TIMEOUT = 1.5;

/** What a person would write into mosquitto.conf. */
const bridgeTo = (port: number): string[] => [
  'connection up',
  `address 127.0.0.1:${port}`,
  'topic +/hb out 0 canopy/ canopy/rack9/',
  'topic +/state out 1 canopy/ canopy/rack9/',
  'topic +/evt out 1 canopy/ canopy/rack9/',
  'topic +/res out 1 canopy/ canopy/rack9/',
  'topic +/log out 1 canopy/ canopy/rack9/',
  'topic +/_log out 0 canopy/ canopy/rack9/',
  'topic +/cmd in 1 canopy/ canopy/rack9/',
  'topic +/_flow in 0 canopy/ canopy/rack9/',
  'restart_timeout 1',
];

describe('a plain mosquitto as a relay', { skip }, () => {
  const box = new Sandbox({ after });
  let mosquitto: Mosquitto;
  let root: NodeProcess;
  let tap: Tap;

  const web = 'rack9/web';
  const leaf = (name: string) => startLeaf(box, mosquitto, { name, target: STEADY });
  const results =
    (id: string) => (message: { topic: string; json: { id?: string; done?: boolean } | null }) =>
      message.topic === `canopy/${web}/res` && message.json?.id === id && message.json.done === true;

  before(async () => {
    root = await startRoot(box, { timeout: TIMEOUT });
    mosquitto = await startMosquitto(bridgeTo(root.port), undefined, box.env());
    tap = await Tap.open(box, root.port, 'canopy/#');
  });

  it('is left to answer for whom it may know, though nothing below it has spoken yet', async () => {
    const command = (id: string) => JSON.stringify({ v: 1, id, op: 'ping' });
    const answers = (id: string) => (message: { topic: string; json: { id?: string } | null }) =>
      message.topic.endsWith('/res') && message.json?.id === id;
    let asked = 0;
    // Not before its bridge has asked for commands.
    await until(async () => {
      asked += 1;
      await publish(root.port, `canopy/${web}/cmd`, command(`early-${asked}`));
      await publish(root.port, 'canopy/nope/cmd', command(`nope-${asked}`));
      await tap.first(answers(`nope-${asked}`));
      return !tap.messages.some(answers(`early-${asked}`));
    });
    await leaf('web');
  });

  it('shows the leaf below it, with its heartbeats', async () => {
    const node = await root.rest.expect(web, it => it.status === 'up' && it.heartbeat !== null);
    assert.deepEqual([node.name, node.kind, node.phase], ['web', 'leaf', 'running']);
    const seq = node.heartbeat?.seq as number;
    await root.rest.expect(web, it => (it.heartbeat?.seq as number) >= seq + 2, 2000);
    const above = await root.rest.node('rack9');
    assert.deepEqual([above.kind, above.link, above.children], ['relay', 'online', ['web']]);
    assert.equal(root.count(/\$SYS/), 0, "the bridge's own notices below $SYS are no incident");
  });

  it('passes a command of mosquitto_pub down, and its result up', async () => {
    const { pid } = await root.rest.node(web);
    const command = JSON.stringify({ v: 1, id: 'by-hand', op: 'restart' });
    await publish(root.port, `canopy/${web}/cmd`, command);
    const { json } = await tap.first(results('by-hand'));
    assert.deepEqual([json.status, json.data.previousPid], ['succeeded', pid]);
    assert.ok(lives(json.data.pid) && !lives(pid as number));
    await root.rest.expect(web, { status: 'up', pid: json.data.pid });

    await publish(root.port, `canopy/${web}/cmd`, 'restart');
    await root.rest.expect(web, it => it.status === 'up' && it.pid !== json.data.pid, 3000);
  });

  it('passes a command of REST down, and its result up', async () => {
    const { pid } = await root.rest.node(web);
    const { status, body } = await root.rest.command(web, 'restart');
    assert.deepEqual([status, body.status, body.path], [200, 'succeeded', web]);
    assert.notEqual(body.data.pid, pid);
    await root.rest.expect(web, { status: 'up', pid: body.data.pid });
  });

  it('passes the will of a leaf that was killed up', async () => {
    const killed = await leaf('killed');
    const { pid } = await root.rest.expect('rack9/killed', { status: 'up' });
    await killed.crash();
    const gone = await root.rest.expect('rack9/killed', { status: 'down', cause: 'will' }, 1000);
    assert.ok(lives(pid as number), 'its target goes on');
    assert.equal(gone.blockedBy, null);
    await killed.up();
    await root.rest.expect('rack9/killed', { status: 'up' });
    await killed.stop();
    await root.rest.expect('rack9/killed', { status: 'stopped' });
  });

  it('is lost itself when it falls silent, and comes back', async () => {
    const before = await root.rest.node(web);
    const from = performance.now();
    await mosquitto.stop();
    await root.rest.expect('rack9', { link: 'lost', status: 'down', cause: 'timeout' }, TIMEOUT * 1000 + 500);
    assert.ok(performance.now() - from > (TIMEOUT - 0.5) * 1000, 'not before the timeout');
    const behind = await root.rest.node(web);
    assert.deepEqual([behind.status, behind.blockedBy, behind.pid], ['unreachable', 'rack9', before.pid]);
    assert.ok(lives(before.pid as number));

    mosquitto = await startMosquitto(bridgeTo(root.port), mosquitto.port, box.env());
    const again = await root.rest.expect(web, { status: 'up' }, 8000);
    assert.deepEqual([again.epoch, again.pid], [before.epoch, before.pid], 'the leaf noticed a reconnect');
    await root.rest.expect('rack9', { link: 'online' });
    assert.equal((await root.rest.command(web, 'ping')).body.status, 'succeeded');
  });
});
