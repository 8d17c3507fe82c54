/**
 * From SIGKILL of a target to the first timestamp of its successor, under Canopy and under the peers that are installed.
 * node dist/test/bench/restart.js [rounds]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { find } from '../support/parts.js';

const ROUNDS = Number(process.argv[2] ?? 25);
/** Milliseconds that a target runs before it is killed: longer than any peer's start-up time. */
const SETTLE_MS = 1300;
const CLI = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

interface Peer {
  readonly name: string;
  readonly program: string | null;
  start(dir: string, target: string): ChildProcess;
}

/** Says when it began and who it is, then lives: the first thing that a target can do. */
const TARGET = `#!/bin/bash
echo "$EPOCHREALTIME $$" >>"$1"
exec sleep 3600
`;

const quiet = { stdio: 'ignore', detached: true } as const;

const peers: Peer[] = [
  {
    name: 'canopy',
    program: process.execPath,
    start: (dir, target) => {
      const leaf = {
        ROLE: 'leaf',
        NAME: 'bench',
        PARENT_PORT: '9',
        SETTLE_TIME: '1',
        MAX_RESTARTS: '0',
        DATA_DIR: join(dir, 'data'),
      };
      const env = Object.fromEntries(Object.entries(leaf).map(([key, value]) => [`CANOPY_${key}`, value]));
      return spawn(process.execPath, [CLI, 'run'], {
        ...quiet,
        env: { ...process.env, ...env, CANOPY_TARGET: target },
      });
    },
  },
  {
    name: 'runit',
    program: find('runsv'),
    start: (dir, target) => {
      mkdirSync(join(dir, 'service'));
      writeFileSync(join(dir, 'service', 'run'), `#!/bin/sh\nexec ${target}\n`, { mode: 0o755 });
      return spawn('runsv', [join(dir, 'service')], quiet);
    },
  },
  {
    name: 'supervisord',
    program: find('supervisord'),
    start: (dir, target) => {
      const conf = ['[supervisord]', 'nodaemon=true', `logfile=${dir}/log`, `pidfile=${dir}/pid`];
      conf.push('[program:bench]', `command=${target}`, 'autorestart=true', 'startsecs=1');
      writeFileSync(join(dir, 'conf'), `${conf.join('\n')}\n`);
      return spawn('supervisord', ['-c', join(dir, 'conf')], quiet);
    },
  },
];

/** The times (ms) and pids that targets have written. */
function starts(file: string): { at: number; pid: number }[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map(line => {
    const [at, pid] = line.split(' ');
    return { at: Number(at) * 1000, pid: Number(pid) };
  });
}

async function atLeast(count: number, file: string): Promise<{ at: number; pid: number }> {
  for (let looks = 0; starts(file).length < count; looks++) {
    if (looks > 20_000) throw new Error('no successor');
    await pause(1);
  }
  return starts(file)[count - 1] as { at: number; pid: number };
}

async function measure(peer: Peer): Promise<number[]> {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-bench-'));
  const [script, file] = [join(dir, 'target.sh'), join(dir, 'starts')];
  writeFileSync(script, TARGET);
  chmodSync(script, 0o755);
  const supervisor = peer.start(dir, `${script} ${file}`);
  const waits: number[] = [];
  try {
    for (let round = 1; round <= ROUNDS; round++) {
      const { pid } = await atLeast(round, file);
      await pause(SETTLE_MS);
      const killedAt = performance.timeOrigin + performance.now();
      process.kill(pid, 'SIGKILL');
      waits.push((await atLeast(round + 1, file)).at - killedAt);
    }
  } finally {
    supervisor.kill('SIGTERM');
    await new Promise(resolve => supervisor.once('exit', resolve));
    for (const { pid } of starts(file).slice(-1)) endTarget(pid);
    rmSync(dir, { recursive: true, force: true });
  }
  return waits.sort((a, b) => a - b);
}

function endTarget(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // its supervisor has ended it
  }
}

console.log(`SIGKILL of the target to its successor's first timestamp, ${ROUNDS} rounds, ms`);
let own = Number.NaN;
for (const peer of peers) {
  if (peer.program === null) {
    console.log(`${peer.name.padEnd(12)} not installed`);
    continue;
  }
  const waits = await measure(peer);
  const median = waits[Math.floor(waits.length / 2)] as number;
  if (peer.name === 'canopy') own = median;
  const ratio = peer.name === 'canopy' ? '' : `   canopy / ${peer.name}: ${(own / median).toFixed(3)}`;
  console.log(
    `${peer.name.padEnd(12)} median ${median.toFixed(1)}  max ${(waits.at(-1) as number).toFixed(1)}${ratio}`,
  );
}
