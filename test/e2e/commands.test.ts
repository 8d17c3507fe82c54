/** Commands from any MQTT client, to a leaf three brokers down: carried out once, answered at every stage. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { publish, type Received, Tap } from '../support/mqtt-tools.js';
import { type DeepTree, deepTree, type NodeProcess } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import { Sandbox } from '../support/sandbox.js';
import { HUP_AWARE, lives, outputOf, targetSaid } from '../support/targets.js';
import { until } from '../support/wait.js';

const noTools = skipWithout('mosquitto_sub', 'mosquitto_pub');
const WEB = 'rack1/rack2/web';

describe('commands over MQTT', { skip: noTools || (process.platform !== 'linux' && 'needs /proc') }, () => {
  const box = new Sandbox({ after });
  let tree: DeepTree;
  let web: NodeProcess;
  let tap: Tap;
  let ids = 0;
  before(async () => {
    tree = await deepTree(box);
    web = await tree.leaf({ name: 'web', target: HUP_AWARE });
    tap = await Tap.open(box, tree.root.port, 'canopy/#');
  });

  const send = (payload: string, ...more: string[]) =>
    publish(tree.root.port, `canopy/${WEB}/cmd`, payload, ...more);
  /** Publishes a command as JSON with an id of its own, and gives what came on `res`, final result last. */
  async function answered(command: object, to = WEB, ...more: string[]): Promise<Received['json'][]> {
    ids += 1;
    const id = `id-${ids}`;
    await publish(tree.root.port, `canopy/${to}/cmd`, JSON.stringify({ v: 1, id, ...command }), ...more);
    await tap.first(({ topic, json }) => topic === `canopy/${to}/res` && json.id === id && json.done);
    return tap.on(`canopy/${to}/res`).flatMap(({ json }) => (json.id === id ? [json] : []));
  }
  /** The final result of words that were published since `from`, on the res of a node. */
  const finalAfter = (from: number, topic: string) =>
    tap.first(
      message => tap.messages.indexOf(message) >= from && message.topic === topic && message.json.done,
    );

  it('plain words at the root restart a leaf three brokers down', async () => {
    const { pid, epoch } = await tree.rest.expect(WEB, { status: 'up' });
    const from = tap.messages.length;
    await send('restart');
    const { json } = await finalAfter(from, `canopy/${WEB}/res`);
    assert.deepEqual([json.op, json.status, json.data.previousPid], ['restart', 'succeeded', pid]);
    const again = await tree.rest.expect(WEB, { status: 'up', pid: json.data.pid });
    assert.equal(again.epoch, epoch);
    assert.ok(lives(json.data.pid) && !lives(pid as number));
  });

  it('plain words at a relay take the path from there', async () => {
    const { pid } = await tree.rest.expect(WEB, { status: 'up' });
    const below = await Tap.open(box, tree.rack1.port, 'canopy/rack2/web/res');
    const from = tap.messages.length;
    await publish(tree.rack1.port, 'canopy/rack2/web/cmd', 'restart');
    const { json } = await below.first(message => message.json.done);
    assert.deepEqual([json.status, json.data.previousPid], ['succeeded', pid]);
    assert.equal((await finalAfter(from, `canopy/${WEB}/res`)).json.id, json.id, 'the root hears of it, too');
    await tree.rest.expect(WEB, { status: 'up', pid: json.data.pid });
  });

  it('JSON is answered in stages: accepted, running, then how it ended', async () => {
    const stages = await answered({ op: 'restart', by: 'ops', unknown: 'fields are ignored' });
    assert.deepEqual(
      stages.map(({ v, op, status, done }) => ({ v, op, status, done })),
      [
        { v: 1, op: 'restart', status: 'accepted', done: false },
        { v: 1, op: 'restart', status: 'running', done: false },
        { v: 1, op: 'restart', status: 'succeeded', done: true },
      ],
    );
    assert.ok(stages.every(({ ts }) => Number.isInteger(ts)));
  });

  it('stop, start and ping do what they say', async () => {
    const { pid } = await tree.rest.expect(WEB, { status: 'up' });
    assert.equal((await answered({ op: 'stop' })).at(-1).status, 'succeeded');
    assert.ok(!lives(pid as number));
    await tree.rest.expect(WEB, { status: 'stopped', phase: 'stopped', link: 'online', pid: null });
    assert.equal((await answered({ op: 'ping' })).at(-1).data.phase, 'stopped');
    const started = (await answered({ op: 'start' })).at(-1);
    assert.equal(started.status, 'succeeded');
    assert.ok(lives(started.data.pid));
    await tree.rest.expect(WEB, { status: 'up', pid: started.data.pid });
    assert.equal((await answered({ op: 'ping' }, 'rack1')).at(-1).status, 'succeeded');
  });

  it('a signal reaches the target', async () => {
    const hups = () => outputOf(web.dataDir).split('got HUP').length - 1;
    await targetSaid(web.dataDir, /ready\n$/);
    const before = hups();
    const from = tap.messages.length;
    await send('signal HUP');
    assert.equal((await finalAfter(from, `canopy/${WEB}/res`)).json.status, 'succeeded');
    await until(() => hups() === before + 1);
    assert.equal((await answered({ op: 'signal', args: { signal: 'SIGHUP' } })).at(-1).status, 'succeeded');
    await until(() => hups() === before + 2);
    assert.equal((await tree.rest.node(WEB)).status, 'up');
  });

  it('the same id twice is carried out once, and answered twice', async () => {
    const command = JSON.stringify({ v: 1, id: 'twice', op: 'restart' });
    const finals = () =>
      tap.messages.filter(({ topic, json }) => topic.endsWith('/res') && json.id === 'twice' && json.done);
    await send(command);
    await tap.first(({ json }) => json?.id === 'twice' && json.done);
    await send(command);
    await tap.first(message => finals().indexOf(message) === 1);
    // Behind it in the same queue: had the second restart begun, this ping would not find the first one's pid running.
    const { phase, pid } = (await answered({ op: 'ping' })).at(-1).data;
    const [first, second] = finals().map(({ json }) => json);
    assert.deepEqual([phase, pid], ['running', first.data.pid]);
    assert.deepEqual([second.status, second.data], ['succeeded', first.data]);
  });

  it('one that is too late is answered expired, and not carried out', async () => {
    const { pid } = await tree.rest.expect(WEB, { status: 'up' });
    const [only, ...more] = await answered({ op: 'restart', expiresAt: Date.now() - 1000 });
    assert.deepEqual([only.status, only.error.code, more], ['expired', 'expired', []]);
    const inTime = await answered({ op: 'ping', expiresAt: Date.now() + 60_000 });
    assert.deepEqual([inTime.at(-1).status, inTime.at(-1).data.pid], ['succeeded', pid]);
  });
});
