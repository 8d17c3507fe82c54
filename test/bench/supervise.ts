/**
 * What supervising costs, under Canopy and under the peers that are installed, all in one run:
 * from SIGKILL of a target to its successor's first timestamp; 100 targets started; memory and idle CPU with 100 targets.
 * node dist/test/bench/supervise.js [rounds] [idle seconds] [names of some, with commas]
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { lives } from '../../src/process/stat.js';
import { PEERS, type Peer } from './peers.js';
import { cpuMs, family, memory } from './processes.js';
import type { Running } from './running.js';

const ROUNDS = Number(process.argv[2] ?? 15);
const IDLE_S = Number(process.argv[3] ?? 10);
const ONLY = process.argv[4]?.split(',');
const MANY = 100;
/** Milliseconds from the end of one peer to the start of the next: the system goes on to clear up what the processes of the one had. */
const AFTER_MS = 3000;
/** Times that the start of many is measured, of all peers in turn. */
const STARTS = 7;
/** Milliseconds that a target runs before it is killed: longer than any peer's start-up time. */
const SETTLE_MS = 1300;
/** Milliseconds until a supervisor has nothing to do any more: compilers and collectors included (V8's go on for most of a minute). */
const CALM_MS = 60_000;
const DEADLINE_MS = 30_000;

/** Says when it began and who it is, then lives: the first thing that a target can do. */
const TARGET = `#!/bin/bash
echo "$EPOCHREALTIME $$" >>"$1"
exec sleep 3600
`;

/** Node reads and parses what this names at each start: what a machine trusts would be counted as time of whoever runs on Node. */
delete process.env.NODE_EXTRA_CA_CERTS;

/**
 * Nothing of it is removed before the end: ext4 looks at each inode that was freed in the last minutes before it takes another one
 * (`recently_deleted` in its ialloc.c), which makes a start slower than the one before, by the more the more files it makes.
 */
const TOP = mkdtempSync(join(tmpdir(), 'canopy-bench-'));

interface Start {
  readonly at: number;
  readonly pid: number;
}
interface Place {
  readonly dir: string;
  readonly file: string;
  readonly peer: Running;
  readonly from: number;
}

const wallNow = (): number => performance.timeOrigin + performance.now();
const median = (all: readonly number[]): number =>
  [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;

/** The times (ms) and pids that targets have written. */
function starts(file: string): Start[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map(line => {
    const [at, pid] = line.split(' ');
    return { at: Number(at) * 1000, pid: Number(pid) };
  });
}

/** Bytes of a line at least: a time in microseconds, and a pid. */
const LINE_BYTES = '1790000000.000000 1\n'.length;
/** Milliseconds between two looks: each takes CPU from who is measured, and times are read from the file, not taken here. */
const LOOK_MS = 5;

async function atLeast(count: number, file: string): Promise<Start[]> {
  const deadline = performance.now() + DEADLINE_MS;
  const mayBe = (): boolean => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) >= count * LINE_BYTES;
  for (;;) {
    const found = mayBe() ? starts(file) : [];
    if (found.length >= count) return found;
    if (performance.now() > deadline) throw new Error(`${starts(file).length} of ${count} targets started`);
    await pause(LOOK_MS);
  }
}

/** Runs a measurement under a peer with so many targets, and ends all of it. */
async function under<T>(peer: Peer, count: number, measure: (place: Place) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(TOP, 'run-'));
  const [script, file] = [join(dir, 'target.sh'), join(dir, 'starts')];
  writeFileSync(script, TARGET, { mode: 0o755 });
  const from = wallNow();
  const supervisor = await peer.start(dir, script, file, count);
  try {
    return await measure({ dir, file, peer: supervisor, from });
  } finally {
    const own = family(supervisor.pid(), new Set());
    await supervisor.stop();
    // runsv and s6-supervise outlive who scans for them.
    const all = [...own, ...starts(file).map(it => it.pid)];
    for (const pid of all) end(pid);
    while (all.some(lives)) await pause(LOOK_MS);
    await pause(AFTER_MS);
  }
}

function end(pid: number): void {
  try {
    if (pid !== process.pid) process.kill(pid, 'SIGKILL');
  } catch {
    // its supervisor has ended it
  }
}

const restarts = (peer: Peer): Promise<number[]> =>
  under(peer, 1, async ({ file }) => {
    const waits: number[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const { pid } = (await atLeast(round, file))[round - 1] as Start;
      await pause(SETTLE_MS);
      const killedAt = wallNow();
      process.kill(pid, 'SIGKILL');
      waits.push(((await atLeast(round + 1, file))[round] as Start).at - killedAt);
    }
    return waits;
  });

const lastOf = (all: readonly Start[]): number => Math.max(...all.map(it => it.at));

const manyStarted = (peer: Peer): Promise<number> =>
  under(peer, MANY, async ({ file, from }) => lastOf(await atLeast(MANY, file)) - from);

/** All of them stopped and started again by one command each. */
async function startedAgain(rest: string, file: string): Promise<number> {
  await command(rest, 'stop');
  const from = wallNow();
  await command(rest, 'start');
  return lastOf((await atLeast(2 * MANY, file)).slice(MANY)) - from;
}

async function command(rest: string, op: string): Promise<void> {
  const body = JSON.stringify({ path: '', op, select: { all: true }, args: { parallelism: MANY } });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${rest}/api/v1/commands?wait=30`, { method: 'POST', headers, body });
  const text = await answer.text();
  if (!text.includes('"succeeded"')) throw new Error(`${op}: ${text}`);
}

interface Standing {
  readonly rss: number;
  readonly pss: number;
  readonly processes: number;
  /** Milliseconds of CPU per second. */
  readonly idle: number;
  readonly again: number | null;
}

const standing = (peer: Peer): Promise<Standing> =>
  under(peer, MANY, async ({ file, peer: supervisor }) => {
    const targets = new Set((await atLeast(MANY, file)).map(it => it.pid));
    await pause(CALM_MS);
    const own = family(supervisor.pid(), targets);
    const before = cpuMs(own);
    await pause(IDLE_S * 1000);
    const idle = (cpuMs(own) - before) / IDLE_S;
    const used = { ...memory(own), processes: own.length, idle };
    return { ...used, again: supervisor.rest ? await startedAgain(supervisor.rest, file) : null };
  });

interface Row {
  readonly name: string;
  readonly figures: readonly (number | null)[];
}

const HEAD = ['restart', 'max', '100 up', 'again', 'RSS', 'PSS', 'processes', 'idle CPU'];
const UNITS = ['ms', 'ms', 'ms', 'ms', 'MB', 'MB', '', 'ms/s'];

/** In turn, so that a slow minute is everybody's. */
async function startsOf(peers: readonly Peer[]): Promise<Map<Peer, number[]>> {
  const found = new Map(peers.map(peer => [peer, [] as number[]]));
  for (let time = 0; time < STARTS; time++)
    for (const [peer, all] of found) all.push(await manyStarted(peer));
  return found;
}

async function measured(peer: Peer, up: readonly number[]): Promise<Row> {
  const waits = peer.startsAgain === false ? null : await restarts(peer);
  const { rss, pss, processes, idle, again } = await standing(peer);
  const figures = [
    waits && median(waits),
    waits && Math.max(...waits),
    median(up),
    again,
    rss / 1e6,
    pss / 1e6,
    processes,
    idle,
  ];
  return { name: peer.name, figures };
}

const line = (name: string, cells: readonly string[]): void =>
  console.log(name.padEnd(22) + cells.map(cell => cell.padStart(11)).join(''));
const digits = (value: number | null): string =>
  value === null ? '-' : value.toFixed(value < 100 ? (value < 10 ? 2 : 1) : 0);

console.log(`SIGKILL to the successor's first timestamp: median and max of ${ROUNDS}. ${MANY} targets: from the start of
the supervisor (median of ${STARTS}) and, stopped, from a command (again) to the last first timestamp; then memory of the
supervisor's own processes, and its CPU over ${IDLE_S} s with nothing to do. Node ${process.version}\n`);
line('', HEAD);
line('', UNITS);
const rows: Row[] = [];
const asked = PEERS.filter(peer => !ONLY || ONLY.includes(peer.name));
for (const { name, from } of asked.filter(peer => !peer.isThere))
  console.log(`${name.padEnd(22)} not installed (${from})`);
for (const [peer, up] of await startsOf(asked.filter(peer => peer.isThere))) {
  const row = await measured(peer, up);
  rows.push(row);
  line(row.name, row.figures.map(digits));
}
console.log();
const [own, ...others] = rows;
for (const other of others)
  line(
    `canopy / ${other.name}`,
    other.figures.map((figure, index) =>
      digits(figure === null ? null : (own?.figures[index] ?? 0) / figure),
    ),
  );
rmSync(TOP, { recursive: true, force: true, maxRetries: 10 });
process.exit(0);
