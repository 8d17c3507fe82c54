/** Who alerts while a line is cut: both sides of it, as real processes; never both of them alone, never none. */
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { type NodeProcess, startLeaf, startRelay, startRoot } from '../support/nodes.js';
import { Receiver } from '../support/receiver.js';
import { Sandbox } from '../support/sandbox.js';
import { STEADY } from '../support/targets.js';
import { until } from '../support/wait.js';
import { Wire } from '../support/wire.js';

describe('alerts on both sides of a cut', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  const scope = { after };
  const box = new Sandbox(scope);
  const [above, below] = [new Receiver(scope), new Receiver(scope)];
  const wire = new Wire(scope);
  let root: NodeProcess;
  let rack1: NodeProcess;
  let web: NodeProcess;
  let api: NodeProcess;

  const fileFor = (name: string, hook: Receiver): string => {
    const file = box.path(`${name}.yaml`);
    writeFileSync(
      file,
      `receivers: [{ name: hook, url: '${hook.url}', timeout: 1s }]
rules: [{ name: node-down, status: down, for: 1s, to: hook }]
`,
    );
    chmodSync(file, 0o600);
    return file;
  };
  const saidAbove = (): string[] => above.said;
  const saidBelow = (): string[] => below.said;
  const open = async (node: NodeProcess) => (await node.rest.get('/api/v1/alerts')).body.alerts;

  before(async () => {
    await above.listen();
    await below.listen();
    root = await startRoot(box, { alerts_file: fileFor('root', above) });
    await wire.listen(root.port);
    const line = { port: wire.port } as NodeProcess;
    rack1 = await startRelay(box, line, {
      name: 'rack1',
      rest_port: 0,
      alerts_file: fileFor('rack1', below),
    });
    web = await startLeaf(box, rack1, { name: 'web', target: STEADY });
    api = await startLeaf(box, rack1, { name: 'api', target: STEADY });
    await root.rest.expect('rack1/web', { status: 'up' }, 20_000);
    await root.rest.expect('rack1/api', { status: 'up' }, 20_000);
  });

  it('while the line is there the root alone tells', async () => {
    await web.crash();
    await until(() => saidAbove().length === 1, 10_000);
    await until(async () => (await open(rack1)).length === 1, 10_000);
    const [[one], [other]] = [await open(root), await open(rack1)];
    assert.deepEqual([one.told, other.told], ['here', 'above']);
    assert.equal(one.id, other.id, 'both come to the same id');
    await web.up();
    await until(() => saidAbove().length === 2, 20_000);
    assert.deepEqual(saidAbove(), ['firing rack1/web', 'resolved rack1/web']);
    assert.deepEqual(saidBelow(), []);
  });

  it('cut off, the relay tells of what is below it, and the root of the relay', async () => {
    wire.cut();
    await until(() => saidAbove().length === 3, 20_000);
    assert.equal(saidAbove()[2], 'firing rack1');
    assert.equal(above.accepted[2]?.body.hidden, 2);
    await web.crash();
    await until(() => saidBelow().length === 1, 20_000);
    assert.deepEqual(saidBelow(), ['firing web']);
    // Begun and over while it is cut off: both are the relay's to tell.
    await api.crash();
    await until(() => saidBelow().length === 2, 20_000);
    await api.up();
    await until(() => saidBelow().length === 3, 20_000);
    assert.deepEqual(saidBelow().slice(1), ['firing api', 'resolved api']);
    const [{ id }] = await open(rack1);
    assert.equal((await rack1.rest.ask('POST', `/api/v1/alerts/${id}/ack`, {})).status, 200);
    assert.equal(saidAbove().length, 3, 'nothing of what is behind it');
  });

  it('when the line is back the root takes it over: told once, its end by the root', async () => {
    const [{ id }] = await open(rack1);
    wire.heal();
    await until(async () => (await open(rack1))[0]?.told === 'above', 30_000);
    await until(() => saidAbove().includes('resolved rack1'), 20_000);
    const [taken] = await open(root);
    assert.deepEqual([taken.id, taken.path, taken.told, taken.acked.by], [id, 'rack1/web', 'here', 'rest']);
    await root.rest.expect('rack1/web', { status: 'down' }, 20_000);
    await web.up();
    await until(() => saidAbove().includes('resolved rack1/web') && saidAbove().length === 5, 30_000);
    assert.deepEqual(saidAbove().slice(2), ['firing rack1', 'resolved rack1', 'resolved rack1/web']);
    assert.equal(above.keys[4], `${id}:resolved`);
    await until(async () => (await open(rack1)).length === 0, 10_000);
    assert.equal(saidBelow().length, 3, 'the relay leaves it to the root');
  });

  it('what falls due when neither side can know may be told by both, by one id, and is never lost', async () => {
    // Nothing passes any more, and nobody is told: the root finds out by its timeout, the relay when no ping is answered.
    const before = saidBelow().length;
    await api.crash();
    await root.rest.expect('rack1/api', { status: 'down' });
    wire.silence();
    await until(() => saidBelow().length > before, 60_000);
    assert.equal(saidBelow()[before], 'firing api');
    const key = below.keys[before];
    const twice = above.keys.filter(each => each === key).length;
    assert.ok(twice <= 1);
    await until(() => saidAbove().at(-1) === 'firing rack1', 10_000);
    wire.heal();
    await until(() => saidAbove().at(-1) === 'resolved rack1', 30_000);
    await until(async () => (await open(rack1))[0]?.told === 'above', 30_000);
    await api.up();
    await until(() => saidAbove().at(-1) === 'resolved rack1/api', 30_000);
    assert.equal(above.keys.at(-1), key?.replace('firing', 'resolved'));
    assert.equal(saidBelow().length, before + 1);
    assert.equal(above.keys.filter(each => each === key).length, twice, 'it is not told again');
  });

  it('a relay that is killed while it is cut off goes on with what it has told', async () => {
    wire.cut();
    const told = saidAbove().length;
    await until(() => saidAbove().length === told + 1, 20_000);
    const before = saidBelow().length;
    await api.crash();
    await until(() => saidBelow().length === before + 1, 20_000);
    const [{ id }] = await open(rack1);
    assert.equal((await rack1.rest.ask('POST', `/api/v1/alerts/${id}/ack`, {})).status, 200);
    await rack1.crash();
    await rack1.up();
    const [again] = await open(rack1);
    assert.deepEqual([again.id, again.told, again.acked.by], [id, 'here', 'rest']);
    await api.up();
    await until(() => saidBelow().length === before + 2, 20_000);
    assert.deepEqual(saidBelow().slice(before), ['firing api', 'resolved api']);
    assert.equal(below.keys.at(-1), `${id}:resolved`);
  });
});
