/**
 * What a log costs on its way up two relays: how late a line is at the root, bytes per second and CPU per gigabyte beside
 * the same chain of mosquitto brokers, and what a frozen follower does to heartbeats on the same brokers.
 * node dist/test/bench/stream.js [megabytes] [seconds frozen]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connectAsync, type MqttClient } from 'mqtt';
import { until } from '../support/wait.js';
import { type Chain, canopyChain, cpuSeconds, mosquittoChain, rssMb } from './chain.js';

const MEGABYTES = Number(process.argv[2] ?? 400);
const FROZEN_S = Number(process.argv[3] ?? 15);
const BROKERS = 3;
const CLI = fileURLToPath(new URL('../../src/cli/canopy.cjs', import.meta.url));
const CHUNK = 64 * 1024;
/** Bytes under way at once, on either chain. */
const WINDOW = 1024 * 1024;
/** Lines that are read before any is counted. */
const WARM_UP = 1e6;
const AS_TEXT = { headers: { accept: 'text/plain', 'accept-encoding': 'identity' } };
/** Lines whose lateness is measured. */
const LINES = 100;
const BEATING = 25;

const dir = mkdtempSync(join(tmpdir(), 'canopy-bench-'));
const children: ChildProcess[] = [];
process.on('exit', () => {
  for (const child of children) child.kill('SIGTERM');
});

const LINE = 'x'.repeat(99);
/** Each line is the time at which it is written: one now and then, or a thousand a second. */
const CLOCK = `#!${process.execPath}
const say = () => process.stdout.write(performance.timeOrigin + performance.now() + '\\n');
if (process.argv[2] === 'idle') setInterval(say, 300);
else setInterval(() => { for (let i = 0; i < 10; i++) say(); }, 10);
`;
const SCRIPTS = {
  clock: CLOCK,
  full: `#!/bin/sh\nyes ${LINE} | head -n $1\nexec sleep 3600\n`,
  loud: `#!/bin/sh\nexec yes ${LINE}\n`,
} as const;

function script(name: keyof typeof SCRIPTS): string {
  const file = join(dir, name);
  writeFileSync(file, SCRIPTS[name], { mode: 0o755 });
  return file;
}

async function leaf(
  chain: Chain,
  name: string,
  target: string,
  more: NodeJS.ProcessEnv = {},
): Promise<ChildProcess> {
  const child = spawn(process.execPath, [CLI, 'run'], {
    stdio: 'ignore',
    env: {
      ...process.env,
      CANOPY_IS_LEAF: 'true',
      CANOPY_NAME: name,
      CANOPY_PARENT_PORT: String(chain.bottom),
      CANOPY_TARGET: target,
      CANOPY_SILENT: 'true',
      CANOPY_DATA_DIR: join(dir, name),
      ...more,
    },
  });
  children.push(child);
  await until(async () => (await fetch(`${chain.rest}/api/v1/nodes/${chain.prefix}/${name}`)).ok, 20_000);
  return child;
}

async function stopped(child: ChildProcess): Promise<void> {
  const gone = new Promise(resolve => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

async function* followed(chain: Chain, name: string, cut: AbortSignal): AsyncGenerator<string> {
  const url = `${chain.rest}/api/v1/logs/${chain.prefix}/${name}?follow=true&tail=0`;
  const answer = await fetch(url, { signal: cut });
  let rest = '';
  for await (const text of (answer.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('data: ')) yield line.slice(6);
  }
}

const wallNow = (): number => performance.timeOrigin + performance.now();
const quantile = (all: readonly number[], share: number): number =>
  [...all].sort((a, b) => a - b)[Math.floor(all.length * share)] ?? Number.NaN;

async function lateness(chain: Chain, mode: 'idle' | 'busy'): Promise<void> {
  const name = `clock-${mode}`;
  const child = await leaf(chain, name, `${script('clock')} ${mode}`);
  const [cut, late, wanted]: [AbortController, number[], number] = [
    new AbortController(),
    [],
    mode === 'idle' ? LINES : 20 * LINES,
  ];
  for await (const data of followed(chain, name, cut.signal)) {
    const now = wallNow();
    for (const { line } of (JSON.parse(data) as { lines?: { line: string }[] }).lines ?? [])
      late.push(now - Number(line));
    if (late.length >= wanted) break;
  }
  cut.abort();
  await stopped(child);
  const [median, p99, most] = [quantile(late, 0.5), quantile(late, 0.99), Math.max(...late)].map(ms =>
    ms.toFixed(1),
  );
  const what = mode === 'idle' ? 'after a pause' : '1,000 lines a second';
  console.log(
    `lateness, ${what.padEnd(21)} median ${median} ms  p99 ${p99} ms  max ${most} ms  (${late.length} lines)`,
  );
}

interface Rate {
  readonly perSecond: number;
  /** Of each process, from the root down. */
  readonly cpuPerGb: readonly number[];
}

/** Brokers and leaf; whoever reads is this process, alike for both. */
async function canopyRate(chain: Chain): Promise<Rate> {
  const count = Math.ceil((MEGABYTES * 1e6) / 100);
  const sized = { CANOPY_LOG_MAX_BYTES: String(MEGABYTES * 2e6) };
  const child = await leaf(chain, 'filled', `${script('full')} ${count}`, sized);
  const url = `${chain.rest}/api/v1/logs/${chain.prefix}/filled`;
  await until(async () => lastSeq(await (await fetch(`${url}?tail=1`)).text()) >= count, 120_000);
  const pids = [...chain.pids, child.pid as number];
  // Code that has never run is slow for its first second.
  for await (const _chunk of (await fetch(`${url}?tail=${WARM_UP}`, AS_TEXT)).body ?? []);
  const [before, from] = [cpuOfEach(pids), performance.now()];
  let bytes = 0;
  const answer = await fetch(url, AS_TEXT);
  for await (const chunk of answer.body as ReadableStream<Uint8Array>) bytes += chunk.length;
  const rate = rateOf(bytes, from, pids, before);
  await stopped(child);
  if (bytes !== count * 100) throw new Error(`${bytes} of ${count * 100} bytes came`);
  return rate;
}

const lastSeq = (text: string): number =>
  text.startsWith('{') ? (JSON.parse(text) as { seq: number }).seq : 0;

const cpuOfEach = (pids: readonly number[]): number[] => pids.map(pid => cpuSeconds([pid]));
const sum = (all: readonly number[]): number => all.reduce((one, other) => one + other, 0);

const rateOf = (bytes: number, from: number, pids: readonly number[], before: readonly number[]): Rate => ({
  perSecond: bytes / 1e6 / ((performance.now() - from) / 1000),
  cpuPerGb: cpuOfEach(pids).map((cpu, nth) => (cpu - (before[nth] as number)) / (bytes / 1e9)),
});

/** As much under way at once as canopy allows itself: unbounded, its bridges drop. */
async function mosquittoRate(chain: Chain): Promise<Rate> {
  const open = (port: number): Promise<MqttClient> => connectAsync({ host: '127.0.0.1', port });
  const [reader, writer] = [await open(chain.top), await open(chain.bottom)];
  const topic = `canopy/${chain.prefix}/full/log`;
  let [seen, sent] = [0, 0];
  const total = Math.ceil((MEGABYTES * 1e6) / CHUNK) * CHUNK;
  const chunk = Buffer.alloc(CHUNK, 'x');
  const fill = (): void => {
    for (; sent < total && sent - seen < WINDOW; sent += CHUNK) writer.publish('canopy/full/log', chunk);
  };
  await reader.subscribeAsync(topic);
  const bridged = new Promise<void>(resolve => reader.once('message', () => resolve()));
  const probe = setInterval(() => writer.publish('canopy/full/log', 'x'), 100);
  await bridged;
  clearInterval(probe);
  await pause(500);
  const [before, from] = [cpuOfEach(chain.pids), performance.now()];
  await new Promise<void>(resolve => {
    reader.on('message', (_topic, payload) => {
      seen += payload.length;
      if (seen >= total) resolve();
      else fill();
    });
    fill();
  });
  const rate = rateOf(seen, from, chain.pids, before);
  await Promise.all([reader.endAsync(true), writer.endAsync(true)]);
  return rate;
}

async function frozen(chain: Chain): Promise<void> {
  const quick = { CANOPY_HB_INTERVAL: '0.5' };
  const names = Array.from({ length: BEATING }, (_, nth) => `beat${nth}`);
  const beating = await Promise.all(names.map(name => leaf(chain, name, 'sleep 3600', quick)));
  const loud = await leaf(chain, 'noisy', script('loud'));
  const watcher = await connectAsync({ host: '127.0.0.1', port: chain.top });
  const beats: { topic: string; seq: number; at: number }[] = [];
  watcher.on('message', (topic, payload) => {
    const { seq } = JSON.parse(payload.toString()) as { seq: number };
    beats.push({ topic, seq, at: performance.now() });
  });
  const viewer = spawn('curl', ['-sN', `${chain.rest}/api/v1/logs/${chain.prefix}/noisy?follow=true`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(viewer);
  await new Promise(resolve => viewer.stdout?.once('data', resolve));
  viewer.stdout?.resume();
  viewer.kill('SIGSTOP');
  await watcher.subscribeAsync(`canopy/${chain.prefix}/+/hb`);
  await pause(FROZEN_S * 1000);
  await watcher.endAsync(true);
  viewer.kill('SIGKILL');
  const gaps = beats.slice(1).map(({ at }, nth) => at - (beats[nth]?.at as number));
  // By their own count, since a busy machine makes them late: from the first that came to the last, of each leaf.
  const seqs = new Map<string, number[]>();
  for (const { topic, seq } of beats) seqs.set(topic, [...(seqs.get(topic) ?? []), seq]);
  const due = sum([...seqs.values()].map(each => Math.max(...each) - Math.min(...each) + 1));
  const rss = chain.pids.map(pid => rssMb(pid).toFixed(0)).join('/');
  console.log(
    `frozen for ${FROZEN_S} s: ${((100 * beats.length) / due).toFixed(1)} % of ${due} heartbeats of ${seqs.size} leaves, longest gap ${(Math.max(...gaps) / 1000).toFixed(2)} s, RSS ${rss} MB`,
  );
  await Promise.all([...beating, loud].map(stopped));
}

console.log(`${BROKERS} brokers, leaf to root; ${MEGABYTES} MB of 100-byte lines. Node ${process.version}`);
const mosquitto = await mosquittoChain(BROKERS);
const theirs = await mosquittoRate(mosquitto).finally(mosquitto.stop);
const canopy = await canopyChain(BROKERS);
try {
  const ours = await canopyRate(canopy);
  for (const [name, rate] of [
    ['mosquitto', theirs],
    ['canopy', ours],
  ] as const)
    console.log(
      `${name.padEnd(10)} ${rate.perSecond.toFixed(0).padStart(5)} MB/s  ${sum(rate.cpuPerGb).toFixed(1)} s of CPU per GB (from the root down ${rate.cpuPerGb.map(each => each.toFixed(1)).join(', ')})`,
    );
  console.log(
    `canopy / mosquitto: ${(ours.perSecond / theirs.perSecond).toFixed(2)} of the rate, ${(sum(ours.cpuPerGb) / sum(theirs.cpuPerGb)).toFixed(2)} of the CPU`,
  );
  await lateness(canopy, 'idle');
  await lateness(canopy, 'busy');
  await frozen(canopy);
} finally {
  canopy.stop();
  rmSync(dir, { recursive: true, force: true, maxRetries: 10 });
}
process.exit(0);
