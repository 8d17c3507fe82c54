/** Flows over a bridge that hands on twice, late and out of order, as one with QoS 1 and no session of its own may. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Message } from '../../../broker/link.js';
import { MqttLink } from '../../../broker/mqtt-link.js';
import { decodeFlow, type FlowHead } from '../../../src/protocol/flows.js';
import { startBroker } from '../../support/broker.js';
import { MemoryLog } from '../../support/memory-log.js';
import { mulberry, seedOf } from '../../support/random.js';
import { until } from '../../support/wait.js';
import { isOnline, opener, Reader, startHub, startLeaf, upTo } from './support.js';

const open = opener(after);

/** What becomes of a message. `late`: behind the next one with lines. */
type Harm = 'none' | 'twice' | 'late' | 'lost';

/** A root, a plain broker below it with the leaf web, and a bridge between them that does its worst to `_log`. */
async function behindBridge(harm: (head: FlowHead) => Harm) {
  const root = await open(startHub());
  const { broker } = await startBroker({});
  await open(broker);
  const linkTo = (port: number, clientId: string) =>
    open(Promise.resolve(new MqttLink({ url: `mqtt://127.0.0.1:${port}`, clientId })));
  const [up, down] = [await linkTo(root.port, 'bridge-up'), await linkTo(broker.address.port, 'bridge-down')];
  const pass = (to: MqttLink, topic: string) => (message: Message) =>
    to.publish({ ...message, topic, qos: 1 });
  await up.subscribe(['canopy/rack9/web/_flow'], pass(down, 'canopy/web/_flow'));
  await down.subscribe(['canopy/web/state'], pass(up, 'canopy/rack9/web/state'));
  const pipe = new Pipe(harm, pass(up, 'canopy/rack9/web/_log'));
  await down.subscribe(['canopy/web/_log'], message => pipe.take(message));
  const log = new MemoryLog();
  await open(startLeaf(broker.address.port, 'web', log));
  await isOnline(root, 'rack9/web');
  // Its hellos have come before it answers: with one that came later all would begin anew.
  const first = new Reader(root.hub.source('rack9/web'), { tail: 0 });
  await until(() => first.done, 10_000, 'it answers');
  const follow = (query: object) => new Reader(root.hub.source('rack9/web'), { ...query, follow: true });
  return { log, pipe, follow };
}

/** Milliseconds that a message is held at the most, where none comes behind which it could be late. */
const HELD_MS = 100;

class Pipe {
  readonly done: Record<Harm, number> = { none: 0, twice: 0, late: 0, lost: 0 };
  private held: Message | null = null;

  constructor(
    private readonly harm: (head: FlowHead) => Harm,
    private readonly pass: (message: Message) => void,
  ) {}

  take(message: Message): void {
    const { head } = decodeFlow(message.payload);
    const harm = head.hello ? 'none' : this.harm(head);
    this.done[harm] += 1;
    if (harm === 'late' && this.held === null) {
      this.held = message;
      setTimeout(() => this.release(), HELD_MS);
      return;
    }
    if (harm !== 'lost') this.pass(message);
    if (harm === 'twice') this.pass(message);
    if (head.runs) this.release();
  }

  private release(): void {
    const { held } = this;
    this.held = null;
    if (held) this.pass(held);
  }
}

describe('a bridge that hands on twice and out of order', () => {
  test('costs a follower no line, and brings none twice', async t => {
    const seed = seedOf(process.env);
    t.diagnostic(`SEED=${seed}`);
    const random = mulberry(seed);
    const { log, pipe, follow } = await behindBridge(() => {
      const drawn = random();
      return drawn < 0.05 ? 'twice' : drawn < 0.1 ? 'late' : 'none';
    });
    const fill = (lines: number): void => {
      for (let nth = 0; nth < lines; nth++) log.append(`${nth} `.padEnd(1000, 'x'));
    };
    fill(8000);
    const readers = [follow({ after: 0 }), follow({ after: 0, grep: { pattern: 'x', fixed: false } })];
    for (let burst = 0; burst < 20; burst++) {
      await Promise.all(readers.map(reader => reader.has(400 * burst, 60_000)));
      fill(100);
    }
    await Promise.all(readers.map(reader => reader.has(10_000, 60_000)));
    for (const reader of readers) assert.deepEqual([reader.seqs, reader.gaps], [upTo(10_000), []]);
    assert.ok(pipe.done.twice > 3 && pipe.done.late > 3, JSON.stringify(pipe.done));
    for (const reader of readers) reader.end();
  });

  for (const harm of ['late', 'lost', 'twice'] as const)
    test(`does not hide a gap: the word about it comes ${harm === 'lost' ? 'not at all' : harm}`, async () => {
      const { log, pipe, follow } = await behindBridge(head =>
        head.gap && pipe.done[harm] === 0 ? harm : 'none',
      );
      log.count(100);
      log.drop(50);
      const reader = follow({ after: 0 });
      await reader.has(50, 20_000);
      log.count(10);
      await reader.has(60, 20_000);
      assert.equal(pipe.done[harm], 1);
      assert.deepEqual(reader.gaps, [{ kind: 'gap', from: 1, to: 50, reason: 'dropped' }]);
      assert.deepEqual(reader.seqs, upTo(110, 51));
      const [first] = reader.items;
      assert.equal(first?.kind, 'gap', 'before the lines behind it');
      reader.end();
    });
});
