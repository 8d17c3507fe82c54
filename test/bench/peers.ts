/** Canopy and the supervisors it is measured against, each as its users start it. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { find } from '../support/parts.js';
import { until } from '../support/wait.js';
import { BARE_NODE } from './bare-node.js';
import { quiet, type Running, running } from './running.js';

const CLI = fileURLToPath(new URL('../../src/cli/canopy.cjs', import.meta.url));
const PM2 = process.env.PM2 ?? join(tmpdir(), 'pm2/node_modules/.bin/pm2');

export interface Peer {
  readonly name: string;
  /** How to get it. */
  readonly from: string;
  readonly isThere: boolean;
  /** False where it leaves a target that has ended alone. */
  readonly startsAgain?: false;
  /** Each target is a program with one argument. */
  start(dir: string, program: string, argument: string, count: number): Promise<Running>;
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `t${index}`);

/** A directory per service with an executable `run`, as runit and s6 have it. */
function services(dir: string, program: string, argument: string, count: number): string {
  const top = join(dir, 'services');
  for (const name of names(count)) {
    mkdirSync(join(top, name), { recursive: true });
    writeFileSync(join(top, name, 'run'), `#!/bin/sh\nexec ${program} ${argument}\n`, { mode: 0o755 });
  }
  return top;
}

const canopy: Peer = {
  name: 'canopy',
  from: 'this checkout',
  isThere: true,
  async start(dir, program, argument, count) {
    const [port, restPort] = [await freePort(), await freePort()];
    const leaf = (name: string) => `  - { name: ${name}, target: ${program} ${argument} }\n`;
    const top = { name: 'bench', port, rest_port: restPort, silent: true, data_dir: join(dir, 'data') };
    const head = Object.entries(top).map(([key, value]) => `${key}: ${value}\n`);
    // As little as a second makes a target one that ran well, so that it can be killed again soon.
    const defaults = 'defaults: { settle_time: 1, max_restarts: 0 }\n';
    const file = join(dir, 'tree.yaml');
    writeFileSync(file, `${head.join('')}${defaults}children:\n${names(count).map(leaf).join('')}`);
    const child = spawn(process.execPath, [CLI, 'up', file], { ...quiet, cwd: dir });
    return { ...running(child), rest: `http://127.0.0.1:${restPort}` };
  },
};

const supervisord: Peer = {
  name: 'supervisord',
  from: 'apt-get install supervisor',
  isThere: find('supervisord') !== null,
  async start(dir, program, argument, count) {
    const head = ['[supervisord]', 'nodaemon=true', `logfile=${dir}/log`, `pidfile=${dir}/pid`];
    const each = names(count).flatMap(name => [
      `[program:${name}]`,
      `command=${program} ${argument}`,
      'autorestart=true',
      'startsecs=1',
      `stdout_logfile=${dir}/${name}.log`,
      'redirect_stderr=true',
    ]);
    writeFileSync(join(dir, 'conf'), `${[...head, ...each].join('\n')}\n`);
    return running(spawn('supervisord', ['-c', join(dir, 'conf')], quiet));
  },
};

const pm2: Peer = {
  name: 'pm2',
  from: 'npm i --no-save --ignore-scripts pm2 in /tmp/pm2, or PM2=…/bin/pm2',
  isThere: existsSync(PM2),
  async start(dir, program, argument, count) {
    const apps = names(count).map(name => ({ name, script: program, args: argument, interpreter: 'none' }));
    writeFileSync(join(dir, 'pm2.json'), JSON.stringify({ apps }));
    const env = { ...process.env, PM2_HOME: join(dir, '.pm2') };
    const options = { env, cwd: dir, stdio: 'ignore' } as const;
    spawn(process.execPath, [PM2, 'start', 'pm2.json'], options);
    const pidFile = join(dir, '.pm2', 'pm2.pid');
    await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '', 20_000);
    return {
      pid: () => Number(readFileSync(pidFile, 'utf8')),
      stop: async () => void spawnSync(process.execPath, [PM2, 'kill'], options),
    };
  },
};

const runit: Peer = {
  name: 'runit',
  from: 'apt-get install runit',
  isThere: find('runsvdir') !== null,
  start: async (dir, program, argument, count) =>
    running(spawn('runsvdir', [services(dir, program, argument, count)], quiet), 'SIGHUP'),
};

const s6: Peer = {
  name: 's6',
  from: 'apt-get install s6',
  isThere: find('s6-svscan') !== null,
  start: async (dir, program, argument, count) =>
    running(spawn('s6-svscan', ['-c', '500', services(dir, program, argument, count)], quiet)),
};

export const PEERS: readonly Peer[] = [canopy, runit, pm2, s6, supervisord, ...BARE_NODE];
