import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './wait.js';

export interface Mosquitto {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

const BINARY = '/usr/sbin/mosquitto';

/** Starts a real mosquitto with its own settings on a free port, or on the given one; resolves when it listens. */
export async function startMosquitto(
  extra: readonly string[] = [],
  port?: number,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Mosquitto> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(extra, port ?? (await freePort()), env);
    } catch (error) {
      // Someone else may have taken the port in between.
      if (port !== undefined || attempt === 3) throw error;
    }
  }
}

async function start(extra: readonly string[], port: number, env: NodeJS.ProcessEnv): Promise<Mosquitto> {
  const dir = await mkdtemp(join(tmpdir(), 'mosquitto-'));
  const settings = [`listener ${port} 127.0.0.1`, 'allow_anonymous true', 'persistence false', ...extra];
  await writeFile(join(dir, 'mosquitto.conf'), `${settings.join('\n')}\n`);
  const child = spawn(BINARY, ['-c', join(dir, 'mosquitto.conf')], { env, stdio: 'ignore' });
  const stop = async () => {
    await ended(child);
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`mosquitto ended with ${child.exitCode}`);
      return answers(port);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, url: `mqtt://127.0.0.1:${port}`, stop };
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise(resolve => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
