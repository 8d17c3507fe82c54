/**
 * Seeded mutations of all that comes from outside, against real nodes and the readers of files. `CANOPY_TEST_FUZZ=100000`
 * is the long form; `SEED=…` repeats a run, and `CANOPY_TEST_FUZZ_FROM=n` begins at its nth case.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { drained } from '../../broker/wire/drained.js';
import { type NodeProcess, startLeaf, startRelay, startRoot } from '../support/nodes.js';
import { seedOf } from '../support/random.js';
import { RawClient, subscribePacket } from '../support/raw-mqtt.js';
import { Sandbox } from '../support/sandbox.js';
import { STEADY } from '../support/targets.js';
import { until } from '../support/wait.js';
import { FileFuzz } from './files.js';
import { Honest } from './honest.js';
import { Mutator } from './mutate.js';
import { afterConnect, beforeConnect, payload, request } from './sockets.js';

const CASES = Number(process.env.CANOPY_TEST_FUZZ ?? 1500);
const FROM = Number(process.env.CANOPY_TEST_FUZZ_FROM ?? 0);
const SEED = seedOf(process.env);
// At once: where a case ends this very process, nothing else tells which one it was.
console.log(`SEED=${SEED}`);
const MB = 1024 * 1024;
/** What Node 20 has by default: with the larger one of later versions, garbage alone takes 40 MB more. */
process.env.NODE_OPTIONS = '--max-semi-space-size=16';

const KINDS = ['before', 'after', 'after', 'payload', 'payload', 'request', 'file', 'file'] as const;
const AT_ONCE = 16;

describe(`fuzz, SEED=${SEED}, ${CASES} cases`, {
  skip: process.platform !== 'linux' && 'needs /proc',
}, () => {
  const box = new Sandbox({ after });
  let [root, rack, leaf]: NodeProcess[] = [];
  let files: FileFuzz;
  const posing: Promise<RawClient>[] = [];
  let honest: Honest | undefined;
  const wild: unknown[] = [];
  const onWild = (error: unknown): void => void wild.push(error);

  before(async () => {
    root = await startRoot(box);
    rack = await startRelay(box, root, { name: 'rack1' });
    leaf = await startLeaf(box, rack, { name: 'web', target: STEADY });
    await root.rest.expect('rack1/web', { status: 'up' });
    files = new FileFuzz(box.path('files'));
    await files.prepare();
    process.on('unhandledRejection', onWild);
  });
  after(async () => {
    // Where a case has failed it is still at work, and this file would not end.
    await honest?.end();
    process.off('unhandledRejection', onWild);
    for (const client of posing) client.then(it => it.destroy()).catch(() => {});
  });

  const nodes = (): NodeProcess[] => [root, rack, leaf] as NodeProcess[];

  /** A node of its own at both brokers, and again where what it sent has ended its connection. */
  async function poser(at: number): Promise<RawClient> {
    const which = at % 2;
    const seen = posing[which];
    const there = await seen;
    if (there && !there.closed) return there;
    // Others may have waited for the same: the first of them opens it.
    if (posing[which] === seen) posing[which] = pose(nodes()[which]);
    return posing[which] as Promise<RawClient>;
  }

  async function pose(node: NodeProcess | undefined): Promise<RawClient> {
    const client = await RawClient.open(node?.port ?? 0, { clientId: 'canopy/fuzz/0123456789abcdef' });
    client.send(subscribePacket(['canopy/fuzz/cmd', 'canopy/fuzz/_flow'], 1));
    await client.fence().catch(() => {});
    return client;
  }

  async function one(at: number): Promise<void> {
    const mutator = new Mutator(SEED, at);
    const kind = mutator.one(KINDS);
    const node = mutator.one([root, rack]) as NodeProcess;
    if (kind === 'before') await beforeConnect(node.port, mutator);
    else if (kind === 'after') await afterConnect(node.port, mutator, at);
    else if (kind === 'request') await request(Number(root?.settings.rest_port), mutator);
    else if (kind === 'file') await files.run(mutator);
    else {
      const client = await poser(at);
      payload(client, 'fuzz', mutator);
      client.packets.length = 0;
      if (client.socket.writableNeedDrain) await drained(client.socket);
    }
  }

  async function run(from: number, to: number): Promise<void> {
    let next = from;
    let filing: Promise<void> = Promise.resolve();
    const worker = async (): Promise<void> => {
      while (next < to) {
        const at = next++;
        const isFile = new Mutator(SEED, at).one(KINDS) === 'file';
        // The files of a case are in one place: one after the other.
        const work = isFile ? filing.then(() => one(at)) : one(at);
        if (isFile) filing = work.catch(() => {});
        await work.catch((error: Error) => {
          throw new Error(`SEED=${SEED} case ${at}: ${error.message}`, { cause: error });
        });
        for (const node of nodes())
          assert.ok(
            node.isRunning,
            `SEED=${SEED} near case ${at}: ${node.settings.name} has ended: ${node.output.slice(-2000)}`,
          );
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  it('nobody crashes, honest clients are served, memory comes back', {
    timeout: 6 * 3600 * 1000,
  }, async t => {
    honest = await Honest.watch(root as NodeProcess, 'rack1/web');
    // What they need to be at work at all is no growth.
    const warm = FROM + Math.ceil((CASES - FROM) / 10);
    await run(FROM, warm);
    const before = nodes().map(node => node.rss());
    const from = performance.now();
    await run(warm, CASES);
    const seconds = (performance.now() - from) / 1000;
    const said = await honest.end();
    const grown = () => nodes().map((node, at) => Math.round((node.rss() - (before[at] as number)) / MB));
    await until(() => grown().every(mb => mb < 60), 30_000, 'memory is back').catch(() => {});
    t.diagnostic(
      `SEED=${SEED}: ${CASES - FROM} cases in ${Math.round(seconds)} s; ${said}; MB more than before: ${grown().join(', ')}`,
    );
    assert.ok(
      grown().every(mb => mb < 60),
      `MB more than before: ${grown().join(', ')}`,
    );
    assert.deepEqual(wild, []);
    assert.deepEqual(honest.failed, []);
    assert.equal(root?.count(/request failed/), 0, root?.output.slice(-2000));
    assert.equal((await root?.rest.get('/api/v1/tree'))?.status, 200);
    await root?.rest.expect('rack1/web', { status: 'up' });
  });
});
