/** A broker that dies: what is below goes on, is known for unreachable, and is back without a restart. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { publish, Tap } from '../support/mqtt-tools.js';
import { type DeepTree, deepTree, type NodeProcess, QUICK, startLeaf } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import type { NodeView } from '../support/rest.js';
import { Sandbox } from '../support/sandbox.js';
import { lives, STEADY } from '../support/targets.js';

const noTools = skipWithout('mosquitto_sub', 'mosquitto_pub');
const BACK_MS = 5000 + QUICK.hb_interval * 1000;

describe('the loss of a broker', { skip: noTools || (process.platform !== 'linux' && 'needs /proc') }, () => {
  const box = new Sandbox({ after });
  let tree: DeepTree;
  let leaves: NodeProcess[];
  const paths = ['rack1/near', 'rack1/rack2/deep', 'rack1/rack2/deeper'];
  before(async () => {
    tree = await deepTree(box);
    leaves = await Promise.all([
      startLeaf(box, tree.rack1, { name: 'near', target: STEADY }),
      tree.leaf({ name: 'deep', target: STEADY }),
      tree.leaf({ name: 'deeper', target: STEADY }),
    ]);
    await tree.rest.expect('rack1/near', { status: 'up' });
  });

  const views = (): Promise<NodeView[]> => Promise.all(paths.map(path => tree.rest.node(path)));
  const same = (found: readonly NodeView[], known: readonly NodeView[]): void =>
    assert.deepEqual(
      found.map(({ path, pid, epoch }) => ({ path, pid, epoch })),
      known.map(({ path, pid, epoch }) => ({ path, pid, epoch })),
    );
  const allUp = async (deadlineMs: number): Promise<void> => {
    await Promise.all(
      ['rack1', 'rack1/rack2', ...paths].map(path => tree.rest.expect(path, { status: 'up' }, deadlineMs)),
    );
  };

  it('a relay killed: it is down, all below unreachable behind it, last facts kept, targets alive', async () => {
    const known = await views();
    await tree.rack1.crash();
    const gone = await tree.rest.expect('rack1', { status: 'down' }, 1000);
    assert.deepEqual([gone.cause, gone.blockedBy], ['will', null]);
    const [rack2, ...below] = await Promise.all(
      ['rack1/rack2', ...paths].map(path => tree.rest.expect(path, { status: 'unreachable' }, 1000)),
    );
    assert.deepEqual([rack2?.blockedBy, rack2?.kind], ['rack1', 'relay']);
    same(below, known);
    for (const node of below) {
      assert.deepEqual([node.blockedBy, node.phase, node.link], ['rack1', 'running', 'online'], node.path);
      assert.ok(lives(node.pid as number), `the target of ${node.path} goes on`);
    }
    const { status, body } = await tree.rest.command('rack1/rack2/deep', 'restart');
    assert.deepEqual([status, body.code], [503, 'node-unreachable']);
    assert.match(body.detail, /"rack1"/);
  });

  it('cut off, the deeper relay still is a whole control plane', async () => {
    const { pid } = (await views())[1] as NodeView;
    const tap = await Tap.open(box, tree.rack2.port, 'canopy/deep/res', 'canopy/deep/hb');
    await publish(tree.rack2.port, 'canopy/deep/cmd', '{"v":1,"id":"below-the-cut","op":"restart"}');
    const { json } = await tap.first(({ json }) => json?.id === 'below-the-cut' && json.done);
    assert.deepEqual([json.status, json.data.previousPid], ['succeeded', pid]);
    assert.ok(lives(json.data.pid) && !lives(pid as number));
    await tap.first(it => it.topic === 'canopy/deep/hb' && it.json.pid === json.data.pid);
    assert.equal((await tree.rest.node(paths[1] as string)).pid, pid, 'above, nothing can be known of it');
  });

  it('the relay back: all up again, and not one leaf restarted', async () => {
    const known = await views();
    const { pid } = (
      await Tap.open(box, tree.rack2.port, 'canopy/deep/state').then(tap => tap.first(() => true))
    ).json;
    const from = performance.now();
    await tree.rack1.up();
    await allUp(BACK_MS - (performance.now() - from));
    same(await views(), [known[0], { ...known[1], pid }, known[2]] as NodeView[]);
    assert.ok(leaves.every(leaf => leaf.isRunning && leaf.count(/uplink lost/) <= 1));
    assert.ok(known.every(node => node.path === paths[1] || lives(node.pid as number)));
    const { body } = await tree.rest.command('rack1/rack2/deeper', 'ping');
    assert.deepEqual([body.status, body.data.pid], ['succeeded', known[2]?.pid]);
  });

  it('the deeper relay killed: only what is below it is unreachable', async () => {
    const known = await views();
    await tree.rack2.crash();
    await tree.rest.expect('rack1/rack2', { status: 'down', cause: 'will' }, 1000);
    const deep = await tree.rest.expect('rack1/rack2/deep', { status: 'unreachable' }, 1000);
    assert.deepEqual([deep.blockedBy, deep.pid], ['rack1/rack2', known[1]?.pid]);
    assert.equal((await tree.rest.node('rack1')).status, 'up');
    assert.equal((await tree.rest.node('rack1/near')).status, 'up');
    await tree.rack2.up();
    await allUp(BACK_MS);
    same(await views(), known);
  });

  it('the root killed and back: the full tree within 5 s, below it no more than a reconnect', async () => {
    const known = await views();
    // No heartbeat tells of this one: only what the relays retain does.
    const left = await tree.leaf({ name: 'left', target: STEADY });
    await left.stop();
    await tree.rest.expect('rack1/rack2/left', { status: 'stopped' });
    const epochs = await Promise.all(['rack1', 'rack1/rack2'].map(path => tree.rest.node(path)));
    const lost = tree.rack1.count(/uplink lost/);
    const below = [tree.rack2, ...leaves].map(node => node.count(/uplink/));
    await tree.root.crash();
    const from = performance.now();
    await tree.root.up();
    const rest = () => 5000 - (performance.now() - from);
    await Promise.all([allUp(rest()), tree.rest.expect('rack1/rack2/left', { status: 'stopped' }, rest())]);
    same(await views(), known);
    same(await Promise.all(['rack1', 'rack1/rack2'].map(path => tree.rest.node(path))), epochs);
    assert.equal(tree.rack1.count(/uplink lost/) - lost, 1);
    assert.deepEqual(
      [tree.rack2, ...leaves].map(node => node.count(/uplink/)),
      below,
    );
    const nodes = await tree.rest.nodes();
    assert.deepEqual(
      nodes.map(node => node.path).toSorted(),
      ['', 'rack1', 'rack1/rack2', 'rack1/rack2/left', ...paths].toSorted(),
    );
    assert.ok(known.every(node => lives(node.pid as number)));
  });

  it('a relay frozen and thawed: lost by the timeout, and it blames none of its own children', async () => {
    const known = await views();
    const tap = await Tap.open(box, tree.rack1.port, 'canopy/evt', 'canopy/+/state');
    tree.rack1.signal('SIGSTOP');
    await tree.rest.expect(
      'rack1',
      { status: 'down', cause: 'timeout' },
      1000 * (QUICK.timeout + QUICK.hb_interval),
    );
    assert.equal((await tree.rest.node('rack1/near')).status, 'unreachable');
    tree.rack1.signal('SIGCONT');
    await allUp(BACK_MS);
    same(await views(), known);
    const { heartbeat } = await tree.rest.expect('rack1', node => node.heartbeat !== null);
    const seq = heartbeat?.seq as number;
    await tree.rest.expect('rack1', node => (node.heartbeat?.seq as number) > seq + 2);
    assert.deepEqual(
      tap.messages.filter(
        ({ json }) => json.event !== 'uplink' && (json.link === 'lost' || json.to === 'lost'),
      ),
      [],
    );
  });

  it('a leaf that dies while its relay is gone is not taken for alive when the relay is back', async () => {
    const [, deep, deeper] = leaves as [NodeProcess, NodeProcess, NodeProcess];
    await tree.rack1.crash();
    await deeper.crash();
    await tree.rack1.up();
    await tree.rest.expect('rack1/rack2/deeper', { status: 'down', cause: 'will' }, BACK_MS);

    const { epoch } = await tree.rest.node('rack1/rack2');
    await tree.rack2.crash();
    await deep.crash();
    await tree.rack2.up();
    await tree.rest.expect('rack1/rack2', node => node.epoch !== epoch && node.heartbeat?.seq === 4, BACK_MS);
    const gone = await tree.rest.node('rack1/rack2/deep');
    assert.ok(['down', 'unknown'].includes(gone.status), JSON.stringify(gone));
    await Promise.all([deep.up(), deeper.up()]);
    await allUp(BACK_MS);
  });

  it('a relay stopped in order: it is stopped, and what is below it unreachable', async () => {
    assert.deepEqual(await tree.rack2.stop(), { code: 0, signal: null });
    await tree.rest.expect('rack1/rack2', { status: 'stopped', link: 'offline' }, 1000);
    const deep = await tree.rest.node('rack1/rack2/deep');
    assert.deepEqual([deep.status, deep.blockedBy], ['unreachable', 'rack1/rack2']);
    assert.ok(lives(deep.pid as number));
    await tree.rack2.up();
    await allUp(BACK_MS);
  });
});
