/** What a frozen follower of a log costs others: heartbeats, and other followers, over the same broker. */
import { type ChildProcess, spawn } from 'node:child_process';
import { Tap } from './mqtt-tools.js';
import { type NodeProcess, startLeaf, startRoot } from './nodes.js';
import type { Sandbox } from './sandbox.js';
import { until } from './wait.js';

export interface HeadOfLine {
  /** Heartbeats that were sent while the follower was frozen, those that came, and the longest pause in ms. */
  readonly due: number;
  readonly delivered: number;
  readonly longestGapMs: number;
  /** Bytes; of the broker's process. */
  readonly memory: number;
  /** Lines that the other follower got in that time. */
  readonly others: number;
}

/** As fast as it goes. */
const FIREHOSE = `yes ${'x'.repeat(99)}`;
const HB_SECONDS = 0.02;

/** A follower of a leaf that writes as fast as it can is frozen for so long, while another leaf beats 50 times a second. */
export async function headOfLine(box: Sandbox, frozenMs: number): Promise<HeadOfLine> {
  const root = await startRoot(box, { timeout: 5 });
  await startLeaf(box, root, { name: 'beats', target: 'sleep 3600', hb_interval: HB_SECONDS });
  await startLeaf(box, root, {
    name: 'noisy',
    target: FIREHOSE,
    log_max_bytes: '64M',
    log_segment_bytes: '8M',
  });
  const tap = await Tap.open(box, root.port, 'canopy/beats/hb');
  const other = new Counter(box, root.port, 'canopy/noisy/log');
  const frozen = new Counter(box, root.port, 'canopy/noisy/log');
  await until(() => frozen.bytes > 1e6 && other.bytes > 1e6, 10_000, 'both followers get lines');
  await until(() => tap.messages.length > 10);
  frozen.child.kill('SIGSTOP');
  const [from, bytes] = [Date.now(), other.bytes];
  const memory = await watched(root, frozenMs);
  const till = Date.now();
  const others = other.bytes - bytes;
  const beats = tap.messages.filter(({ at }) => at >= from && at <= till);
  const seqs = beats.map(({ json }) => json.seq as number);
  const times = [from, ...beats.map(({ at }) => at), till];
  const gaps = times.slice(1).map((at, nth) => at - (times[nth] as number));
  return {
    due: (seqs.at(-1) ?? 0) - (seqs[0] ?? 0) + 1,
    delivered: beats.length,
    longestGapMs: Math.max(...gaps),
    memory,
    others: Math.floor(others / 100),
  };
}

/** The most that it took in this time. */
async function watched(node: NodeProcess, ms: number): Promise<number> {
  let most = 0;
  const end = Date.now() + ms;
  await until(() => {
    most = Math.max(most, node.rss());
    return Date.now() >= end;
  }, ms + 5000);
  return most;
}

/** A mosquitto_sub of which only the bytes are counted. */
class Counter {
  bytes = 0;
  readonly child: ChildProcess;

  constructor(box: Sandbox, port: number, topic: string) {
    const words = ['-p', String(port), '-t', topic];
    this.child = spawn('mosquitto_sub', words, { env: box.env(), stdio: ['ignore', 'pipe', 'inherit'] });
    this.child.stdout?.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length;
    });
  }
}
