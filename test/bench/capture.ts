/**
 * What it costs to keep what a target writes, under Canopy and under the peers that are installed, all in one run: CPU seconds
 * of the logger's own processes per million lines, and lines per second until all of them are stored and checked one by one.
 * node dist/test/bench/capture.js [million lines] [rounds] [names of loggers, such as canopy,s6-log; else all]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { find } from '../support/parts.js';
import { freePort, until } from '../support/wait.js';
import { PEERS } from './peers.js';
import { cpuMs, family } from './processes.js';

const LINES = Math.round(Number(process.argv[2] ?? 1) * 1e6);
const ROUNDS = Number(process.argv[3] ?? 3);
const ONLY = process.argv[4]?.split(',') ?? null;
const DEADLINE_MS = 120_000;
const CLI = fileURLToPath(new URL('../../src/cli/canopy.cjs', import.meta.url));
const WRITES = ['block', 'line'] as const;
type Writes = (typeof WRITES)[number];

/** Writes numbered lines of 64 bytes as fast as it can, and waits to be ended. */
const WRITER = `
import os, sys, time
how, lines, go = sys.argv[1], int(sys.argv[2]), sys.argv[3]
while not os.path.exists(go): time.sleep(0.01)
def line(n): return b'%015d ' % n + b'x' * 47 + b'\\n'
def put(data):
  while data: data = data[os.write(1, data):]
if how == 'line':
  for n in range(1, lines + 1): put(line(n))
else:
  for n in range(1, lines + 1, 1024): put(b''.join(map(line, range(n, min(n + 1024, lines + 1)))))
while True: time.sleep(3600)
`;

interface Place {
  readonly dir: string;
  readonly words: readonly string[];
}
interface Logger {
  readonly name: string;
  readonly isThere: boolean;
  start(place: Place): Promise<Running>;
}
interface Running {
  /** The processes that log; the target's are not among them. */
  pids(): number[];
  /** Files that hold all lines, in their order. */
  files(): string[];
  stop(): Promise<void>;
}

const quiet = { stdio: 'ignore' } as const;

async function ended(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise(resolve => child.once('exit', resolve));
  child.kill(signal);
  await exit;
}

/** A logger at the end of a pipe from the target. */
const piped = (name: string, argv: (dir: string) => string[]): Logger => ({
  name,
  isThere: find(name) !== null,
  async start({ dir, words }) {
    const logs = join(dir, 'logs');
    mkdirSync(logs);
    writeFileSync(join(logs, 'config'), 's99999999\nn100\n'); // what svlogd keeps
    const [program = '', ...args] = words;
    const target = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const [command = '', ...rest] = argv(logs);
    // The descriptor itself: nothing of ours stands between the two.
    const fd = (target.stdout as unknown as { _handle: { fd: number } })._handle.fd;
    const logger = spawn(command, rest, { stdio: [fd, 'ignore', 'ignore'] });
    target.stdout?.destroy();
    const order = (file: string): string => (file.endsWith('current') ? '~' : file);
    return {
      pids: () => [logger.pid ?? 0],
      files: () =>
        readdirSync(logs)
          .filter(file => /^(@|current)/.test(file))
          .sort((a, b) => (order(a) < order(b) ? -1 : 1))
          .map(file => join(logs, file)),
      stop: async () => {
        await ended(target, 'SIGKILL');
        await ended(logger);
      },
    };
  },
});

const canopy = (name: string, capture: string): Logger => ({
  name,
  isThere: true,
  async start({ dir, words }) {
    const file = join(dir, 'tree.yaml');
    const [port, rest] = [await freePort(), await freePort()];
    const leaf = `{ name: web, log_capture: ${capture}, log_max_bytes: 4G, target: ${words.join(' ')} }`;
    const top = `{ name: bench, port: ${port}, rest_port: ${rest}, silent: true, data_dir: ${dir}/data }`;
    writeFileSync(
      file,
      `${top
        .slice(1, -1)
        .split(', ')
        .map(it => it.trim())
        .join('\n')}\nchildren:\n  - ${leaf}\n`,
    );
    const child = spawn(process.execPath, [CLI, 'up', file], { ...quiet, cwd: dir });
    const logs = await until(
      () => ['data/web/logs', 'data/bench/web/logs'].map(it => join(dir, it)).find(it => existsSync(it)),
      20_000,
    );
    return {
      pids: () => [child.pid ?? 0],
      files: () =>
        readdirSync(logs)
          .filter(it => it.startsWith('stdout.') && !it.endsWith('fifo'))
          .sort((a, b) => Number(a.split('.')[1]) - Number(b.split('.')[1]))
          .map(it => join(logs, it)),
      stop: () => ended(child),
    };
  },
});

/** Of the benchmark of supervising, with one of our targets. */
const supervisor = (name: string, log: (dir: string) => string): Logger => ({
  name,
  isThere: PEERS.find(peer => peer.name === name)?.isThere ?? false,
  async start({ dir, words }) {
    const script = join(dir, 'target.sh');
    writeFileSync(script, `#!/bin/sh\nexec ${words.join(' ')}\n`, { mode: 0o755 });
    const running = await PEERS.find(peer => peer.name === name)?.start(dir, script, 'nothing', 1);
    if (!running) throw new Error(`no ${name}`);
    const targets = (): Set<number> => {
      const all = family(running.pid(), new Set());
      return new Set(all.filter(pid => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('writer.py')));
    };
    return {
      pids: () => family(running.pid(), targets()),
      // One that is long has the oldest under the highest number.
      files: () =>
        [3, 2, 1, 0].map(at => (at > 0 ? `${log(dir)}.${at}` : log(dir))).filter(it => existsSync(it)),
      stop: () => running.stop(),
    };
  },
});

const LOGGERS: readonly Logger[] = [
  canopy('canopy', 'files'),
  canopy('canopy, FIFOs', 'fifos'),
  supervisor('supervisord', dir => `${dir}/t0.log`),
  supervisor('pm2', dir => `${dir}/.pm2/logs/t0-out.log`),
  piped('s6-log', dir => ['s6-log', 'n100', 's99999999', dir]),
  piped('svlogd', dir => ['svlogd', dir]),
].filter(({ name }) => ONLY?.includes(name) ?? true);

/** Throws where a line is missing, torn, out of order or there twice. */
function check(running: Running): void {
  let next = 1;
  for (const file of running.files()) {
    for (const line of readFileSync(file, 'latin1').split('\n')) {
      if (line === '') continue;
      if (Number(line.slice(0, 15)) !== next || line.length !== 63)
        throw new Error(`expected line ${next} in ${file}, found ${JSON.stringify(line.slice(0, 80))}`);
      next += 1;
    }
  }
  if (next - 1 !== LINES) throw new Error(`${next - 1} of ${LINES} lines`);
}

interface Figures {
  readonly cpu: number;
  readonly rate: number;
}

async function measure(logger: Logger, writes: Writes): Promise<Figures> {
  const dir = mkdtempSync(join(tmpdir(), 'capture-'));
  const [script, go] = [join(dir, 'writer.py'), join(dir, 'go')];
  writeFileSync(script, WRITER);
  const running = await logger.start({ dir, words: ['python3', script, writes, String(LINES), go] });
  try {
    await new Promise(resolve => setTimeout(resolve, 2500)); // it has nothing to do any more
    const pids = running.pids();
    const before = cpuMs(pids);
    const from = performance.now();
    writeFileSync(go, '');
    await until(() => bytesReach(running), DEADLINE_MS, `${logger.name} has all lines`);
    const ms = performance.now() - from;
    await calm(pids);
    const cpu = cpuMs(pids) - before;
    check(running);
    return { cpu: cpu / 1000 / (LINES / 1e6), rate: LINES / (ms / 1000) };
  } finally {
    await running.stop();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

function bytesReach(running: Running): boolean {
  const sizes = running.files().map(file => statSync(file, { throwIfNoEntry: false })?.size ?? 0);
  return sizes.reduce((sum, size) => sum + size, 0) >= LINES * 64;
}

/** Until it has done what there was to do: an index is written after the data. */
async function calm(pids: readonly number[]): Promise<void> {
  for (let last = -1, now = cpuMs(pids); now - last > 2; now = cpuMs(pids)) {
    last = now;
    await new Promise(resolve => setTimeout(resolve, 250));
  }
}

const median = (all: readonly number[]): number =>
  [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;

const found = new Map<string, Record<Writes, Figures[]>>();
for (let round = 0; round < ROUNDS; round++) {
  for (const logger of LOGGERS.filter(({ isThere }) => isThere)) {
    const figures = found.get(logger.name) ?? { block: [], line: [] };
    found.set(logger.name, figures);
    for (const writes of WRITES) figures[writes].push(await measure(logger, writes));
  }
}
console.log(`${LINES / 1e6} million lines of 64 bytes, median of ${ROUNDS}; every line checked`);
console.log('| | block: M lines/s | CPU s/M | line: M lines/s | CPU s/M | CPU, of canopy |');
console.log('| --- | --- | --- | --- | --- | --- |');
const ours = median((found.get('canopy')?.line ?? []).map(({ cpu }) => cpu));
for (const [name, figures] of found) {
  const cell = (writes: Writes, key: keyof Figures): number => median(figures[writes].map(it => it[key]));
  const columns = WRITES.flatMap(writes => [
    (cell(writes, 'rate') / 1e6).toFixed(2),
    cell(writes, 'cpu').toFixed(3),
  ]);
  console.log(`| ${name} | ${columns.join(' | ')} | ${(cell('line', 'cpu') / ours).toFixed(1)} |`);
}
for (const { name } of LOGGERS.filter(({ isThere }) => !isThere)) console.log(`${name}: not installed`);
