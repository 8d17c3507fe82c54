/** Commands to one leaf: once, one after the other, a stop first; and what is said of one that kill -9 cut off. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import mqtt from 'mqtt';
import type { Result } from '../../src/protocol/payloads.js';
import { type NodeProcess, type Settings, startLeaf, startRelay, startRoot } from '../support/nodes.js';
import { Sandbox } from '../support/sandbox.js';
import { lives, outputOf } from '../support/targets.js';
import { until } from '../support/wait.js';

/** Say when they begin; one of them ignores TERM. */
const COUNTED = `sh -c 'echo begun; exec sleep 3600'`;
const STUBBORN = `sh -c 'trap "" TERM; echo begun; exec sleep 3600'`;

/** A client that sends commands and keeps what comes on every `res`. */
class Operator {
  readonly results: (Result & { readonly topic: string })[] = [];

  private constructor(private readonly client: mqtt.MqttClient) {
    client.on('message', (topic, payload) =>
      this.results.push({ topic, ...(JSON.parse(String(payload)) as Result) }),
    );
  }
  static async at(node: NodeProcess): Promise<Operator> {
    const url = `mqtt://127.0.0.1:${node.port}`;
    const operator = new Operator(await mqtt.connectAsync(url, { protocolVersion: 4, reconnectPeriod: 50 }));
    await operator.client.subscribeAsync(['canopy/res', 'canopy/+/res', 'canopy/+/+/res'], { qos: 1 });
    return operator;
  }
  send(path: string, command: object): Promise<unknown> {
    const topic = path ? `canopy/${path}/cmd` : 'canopy/cmd';
    return this.client.publishAsync(topic, JSON.stringify({ v: 1, ...command }), { qos: 1 });
  }
  of = (id: string) => this.results.filter(result => result.id === id);
  stages = (id: string) => this.of(id).map(({ status, error }) => error?.code ?? status);
  final = (id: string, ms = 10_000) =>
    until(() => this.of(id).find(({ done }) => done), ms, `the end of ${id}`);
  close = () => this.client.endAsync(true);
}

describe('commands to one leaf', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  const box = new Sandbox({ after });
  let root: NodeProcess;
  let rack1: NodeProcess;
  let ops: Operator;
  before(async () => {
    root = await startRoot(box);
    rack1 = await startRelay(box, root, { name: 'rack1' });
    ops = await Operator.at(root);
  });
  after(() => ops.close());
  const up = async (name: string, target: string, more: Settings = {}) => {
    const leaf = await startLeaf(box, rack1, { name, target, ...more });
    const path = `rack1/${name}`;
    const { pid } = await root.rest.expect(path, it => it.status === 'up' && it.pid !== null);
    const begun = () => outputOf(leaf.dataDir).split('begun').length - 1;
    await until(() => begun() === 1);
    /** It says so a moment after it counts as running. */
    const begunTwice = async () => {
      await until(() => begun() > 1);
      assert.equal(begun(), 2, 'the target was started');
    };
    return { leaf, path, begun, begunTwice, pid: pid as number };
  };

  it('a thousand deliveries of one id are carried out once, and it answers others meanwhile', async () => {
    const { path, begunTwice } = await up('storm', COUNTED);
    const sent = Array.from({ length: 1000 }, () => ops.send(path, { id: 'storm', op: 'restart' }));
    await ops.send(path, { id: 'meanwhile', op: 'ping' });
    await ops.final('meanwhile');
    await Promise.all(sent);
    await until(() => ops.of('storm').length >= 1000, 10_000, 'each delivery is answered');
    const { status, data } = await ops.final('storm');
    assert.equal(status, 'succeeded');
    assert.ok(ops.of('storm').every(({ done, data: { pid } = {} }) => !done || pid === data?.pid));
    await root.rest.expect(path, { status: 'up', pid: data?.pid });
    await begunTwice();
  });

  it('of two thousand at once each gets an answer', async () => {
    const { path } = await up('flood', COUNTED);
    const ids = Array.from({ length: 2000 }, (_, n) => `flood-${n}`);
    await Promise.all(ids.map(id => ops.send(path, { id, op: 'restart' })));
    const ends = () =>
      new Map(ops.results.flatMap(it => (it.done ? [[it.id, it.error?.code ?? it.status]] : [])));
    await until(() => ids.every(id => ends().has(id)), 30_000, 'each has ended');
    const found = new Set(ids.map(id => ends().get(id)));
    assert.deepEqual([...found].toSorted(), ['queue-full', 'succeeded']);
  });

  it('one after the other; a stop takes the place of what would start it, a late one is not begun', async () => {
    const { path, begun, begunTwice, pid } = await up('order', STUBBORN, { stop_grace: 2.5 });
    const send = (id: string, op: string, more = {}) => ops.send(path, { id, op, ...more });
    await send('r1', 'restart');
    await send('late', 'restart', { expiresAt: Date.now() + 1500 });
    assert.equal((await ops.final('late')).error?.code, 'expired');
    assert.ok(lives(pid) === false, 'it is answered in its turn, when the first is over');
    await begunTwice();
    await send('r2', 'restart');
    await send('r3', 'restart');
    await send('hup', 'signal', { args: { signal: 'CONT' } });
    await until(() => ops.stages('hup').length === 1);
    assert.deepEqual(ops.stages('r3'), ['accepted'], 'it waits');
    await send('s', 'stop');
    const { status } = await ops.final('s');
    assert.equal(status, 'succeeded');
    assert.deepEqual(ops.stages('r2').at(-1), 'superseded');
    assert.deepEqual(ops.stages('r3'), ['accepted', 'superseded'], 'never begun');
    assert.deepEqual(ops.stages('hup'), ['accepted', 'running', 'succeeded']);
    const far = ops.of('s').find(({ data }) => data?.graceLeft !== undefined);
    assert.ok(far?.status === 'running' && Number(far.data?.graceLeft) < 2.5, JSON.stringify(ops.of('s')));
    assert.equal(begun(), 2, 'nothing was started after that');
    await root.rest.expect(path, { status: 'stopped', pid: null });
  });

  it('a stop that kill -9 cuts off is told as done by the next leaf', async () => {
    const { leaf, path, pid } = await up('cut-stop', STUBBORN, { stop_grace: 1 });
    await ops.send(path, { id: 'cs', op: 'stop' });
    await root.rest.expect(path, { phase: 'stopping' });
    await leaf.crash();
    assert.ok(lives(pid));
    await leaf.up();
    const end = await ops.final('cs');
    assert.deepEqual([end.status, end.data?.resumed], ['succeeded', true], JSON.stringify(end));
    assert.ok(!lives(pid));
    await ops.send(path, { id: 'cs', op: 'stop' });
    await until(() => ops.of('cs').filter(({ done }) => done).length === 2);
    assert.deepEqual(ops.of('cs').at(-1)?.data, end.data, 'a redelivery is answered the same');
  });

  it('a restart that kill -9 cuts off, twice, is carried on by the next leaf, and told as done', async () => {
    const { leaf, path, pid, begunTwice } = await up('cut-restart', STUBBORN, { stop_grace: 60 });
    await ops.send(path, { id: 'cr', op: 'restart' });
    await ops.send(path, { id: 'waiting', op: 'restart' });
    await root.rest.expect(path, { phase: 'stopping' });
    await until(() => ops.stages('waiting').length === 1);
    await leaf.crash();
    await leaf.up();
    assert.match((await ops.final('waiting')).error?.message ?? '', /before this was begun/);
    await root.rest.expect(path, it => it.link === 'online' && it.phase === 'stopping' && it.pid === pid);
    await leaf.crash();
    process.kill(pid, 'SIGKILL');
    await leaf.up();
    const end = await ops.final('cr');
    assert.deepEqual([end.status, end.data?.previousPid, end.data?.resumed], ['succeeded', pid, true]);
    for (const id of ['cr', 'waiting']) await ops.send(path, { id, op: 'restart' });
    for (const id of ['cr', 'waiting']) await until(() => ops.of(id).filter(({ done }) => done).length === 2);
    await root.rest.expect(path, { status: 'up', pid: end.data?.pid });
    await begunTwice();
  });

  it('a command to many that kill -9 of its relay cuts off is not carried out again', async () => {
    const { path, begunTwice, pid } = await up('below', STUBBORN, { stop_grace: 3 });
    const below = { id: 'many', op: 'restart', select: { path: 'below' } };
    await ops.send('rack1', below);
    await root.rest.expect(path, { phase: 'stopping' });
    await rack1.crash();
    await rack1.up();
    assert.equal((await ops.final('many')).error?.code, 'interrupted');
    const now = await root.rest.expect(path, it => it.status === 'up' && it.pid !== pid);
    await ops.send('rack1', below);
    await until(() => ops.of('many').filter(({ done }) => done).length === 2);
    await ops.send(path, { id: 'look', op: 'ping' });
    assert.deepEqual((await ops.final('look')).data, { phase: 'running', pid: now.pid });
    await begunTwice();
  });
});
