/** Chains of brokers as separate processes: Canopy's root and relays, or mosquitto with its own bridges. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePort } from '../support/mosquitto.js';
import { until } from '../support/wait.js';

export interface Chain {
  /** Where leaves publish, and where the top is watched. */
  readonly bottom: number;
  readonly top: number;
  readonly pids: readonly number[];
  /** `rack1/rack2`: what the bridges put before a leaf's name. */
  readonly prefix: string;
  /** Of the root; '' for mosquitto. */
  readonly rest: string;
  stop(): void;
}

const CLI = fileURLToPath(new URL('../../src/cli/canopy.cjs', import.meta.url));
/** Such as --cpu-prof, to see where the time goes. */
const NODE_FLAGS = process.env.BENCH_NODE_FLAGS?.split(' ') ?? [];
const names = (count: number): string[] => Array.from({ length: count - 1 }, (_, i) => `rack${i + 1}`);

export async function canopyChain(brokers: number): Promise<Chain> {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-bench-'));
  const children: ChildProcess[] = [];
  const ports: number[] = [];
  let rest = '';
  for (const name of ['root', ...names(brokers)]) {
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      CANOPY_NAME: name,
      CANOPY_PORT: '0',
      // All leaves of a benchmark come from one address.
      CANOPY_MAX_PER_ADDRESS: '20000',
      CANOPY_DATA_DIR: join(dir, name),
    };
    if (name === 'root') env.CANOPY_REST_PORT = '0';
    else env.CANOPY_PARENT_PORT = String(ports.at(-1));
    const child = spawn(process.execPath, [...NODE_FLAGS, CLI, 'run'], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    const up = await upOf(child);
    ports.push(up.mqtt.port);
    rest = up.rest ?? rest;
  }
  return { ...chain(ports, children, dir), rest };
}

interface Up {
  readonly msg: string;
  readonly mqtt: { readonly port: number };
  readonly rest: string | null;
}

async function upOf(child: ChildProcess): Promise<Up> {
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const said = JSON.parse(line) as Up;
    if (said.msg !== 'up') continue;
    child.stdout?.resume();
    return said;
  }
  throw new Error('a node ended before it was up');
}

export async function mosquittoChain(brokers: number): Promise<Chain> {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-bench-'));
  const children: ChildProcess[] = [];
  const ports: number[] = [];
  for (const name of ['root', ...names(brokers)]) {
    const port = await freePort();
    const bridge = [
      'connection up',
      `address 127.0.0.1:${ports.at(-1)}`,
      `topic # out 0 canopy/ canopy/${name}/`,
    ];
    const conf = [`listener ${port} 127.0.0.1`, 'allow_anonymous true', ...(name === 'root' ? [] : bridge)];
    writeFileSync(join(dir, `${name}.conf`), `${conf.join('\n')}\nlog_type none\n`);
    children.push(
      spawn('mosquitto', ['-c', join(dir, `${name}.conf`)], {
        stdio: 'ignore',
        env: { PATH: '/usr/sbin:/usr/bin' },
      }),
    );
    ports.push(port);
    await until(() => answers(port));
  }
  return chain(ports, children, dir);
}

const answers = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.once('error', () => resolve(false)).once('connect', () => socket.destroy());
  });

const chain = (ports: number[], children: ChildProcess[], dir: string): Chain => ({
  bottom: ports.at(-1) as number,
  top: ports[0] as number,
  pids: children.map(child => child.pid as number),
  prefix: names(ports.length).join('/'),
  rest: '',
  stop: () => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  },
});

/** CPU seconds that processes have used so far. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return sum + (Number(fields[11]) + Number(fields[12])) / 100;
  }, 0);
}

export const rssMb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
