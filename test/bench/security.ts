/**
 * What TLS and access checks cost a broker against plain: heartbeats and connects by CPU second of the broker, with mosquitto
 * beside it. node dist/test/bench/security.js [heartbeats] [connects]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { generate } from 'mqtt-packet';
import { systemClock } from '../../src/core/clock.js';
import { AccessStore } from '../../src/identity/access-store.js';
import { openPki } from '../../src/identity/pki.js';
import { makeRequest, newKey } from '../../src/identity/x509.js';
import { CLI } from '../support/nodes.js';
import { freePort } from '../support/wait.js';
import { cpuMs } from './processes.js';

const BEATS = Number(process.argv[2] ?? 200_000);
const CONNECTS = Number(process.argv[3] ?? 400);
const LEAVES = 20;
/** Heartbeats of a leaf in one write, and connects at a time. */
const BURST = 20;
const AT_ONCE = 8;

interface Proof {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}
interface Variant {
  readonly title: string;
  readonly tls: boolean;
  /** The broker asks who each is: by certificate with TLS, else by name and secret. */
  readonly auth: boolean;
  readonly mosquitto?: true;
}

const VARIANTS: readonly Variant[] = [
  { title: 'canopy, plain', tls: false, auth: false },
  { title: 'canopy, access checks', tls: false, auth: true },
  { title: 'canopy, TLS', tls: true, auth: false },
  { title: 'canopy, TLS, certificates and access checks', tls: true, auth: true },
  { title: 'mosquitto, plain', tls: false, auth: false, mosquitto: true },
  { title: 'mosquitto, TLS', tls: true, auth: false, mosquitto: true },
];

const dir = mkdtempSync(join(tmpdir(), 'canopy-bench-'));
const pki = openPki(dir, systemClock);
await pki.init('bench');
await pki.ensureServer(['localhost', '127.0.0.1']);
const { cert: ca } = pki.ca();
const key = newKey();
const csr = await makeRequest('bench', key);
const store = new AccessStore(dir, systemClock);
const names = Array.from({ length: LEAVES }, (_, at) => `leaf${at}`);
const proofs = new Map<string, Proof>();
const secrets = new Map<string, string>();
for (const name of names) {
  proofs.set(name, { ca, key, cert: (await pki.issue({ name, is: 'leaf', csr })).cert });
  secrets.set(
    name,
    (await store.createNodeSecret({ name, is: 'leaf', expiresAt: Date.now() + 864e5 })).secret,
  );
}

function start({ tls, auth, mosquitto }: Variant, port: number): ChildProcess {
  if (mosquitto) {
    const files = ['cafile ca.crt', 'certfile server.crt', 'keyfile server.key'].map(line =>
      line.replace(' ', ` ${pki.dir}/`),
    );
    const lines = [`listener ${port} 127.0.0.1`, 'allow_anonymous true', 'user root', ...(tls ? files : [])];
    writeFileSync(join(dir, 'mosquitto.conf'), `${lines.join('\n')}\n`);
    return spawn('mosquitto', ['-c', join(dir, 'mosquitto.conf')], { stdio: 'ignore' });
  }
  const settings = {
    ROLE: 'root',
    PORT: port,
    REST_PORT: 0,
    DATA_DIR: dir,
    LOG_LEVEL: 'error',
    TLS: tls,
    AUTH: auth ? 'required' : 'none',
  };
  const variables = Object.entries(settings).map(([name, value]) => [`CANOPY_${name}`, String(value)]);
  const env = { ...process.env, ...Object.fromEntries(variables) };
  return spawn(process.execPath, [CLI, 'run'], { env, stdio: 'ignore' });
}

/** Connected and let in. */
function enter({ tls, auth }: Variant, port: number, name: string, session?: Buffer): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const proof = proofs.get(name) as Proof;
    const options = auth ? proof : { ca };
    const socket: Socket = tls
      ? tlsConnect({ port, host: '127.0.0.1', ...options, ...(session && { session }) })
      : connect({ port, host: '127.0.0.1' });
    socket.setNoDelay(true);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`${name} was turned away`)));
    socket.once('data', packet =>
      packet[3] === 0 ? resolve(socket) : reject(new Error(`CONNACK ${packet[3]}`)),
    );
    const login = auth && !tls ? { username: name, password: Buffer.from(secrets.get(name) as string) } : {};
    socket.write(
      generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clean: true,
        clientId: `canopy/${name}/0123456789abcdef`,
        keepalive: 60,
        ...login,
      }),
    );
  });
}

const heartbeat = (name: string, seq: number): Buffer => {
  const payload = JSON.stringify({
    v: 1,
    epoch: 1,
    seq,
    ts: Date.now(),
    interval: 1,
    kind: 'leaf',
    app: 'bench',
    phase: 'running',
    health: 'passing',
    pid: 4242,
    uptime: 51.2,
    restarts: 0,
    cpu: 0.02,
    rss: 31457280,
  });
  return generate({ cmd: 'publish', topic: `canopy/${name}/hb`, payload, qos: 0, retain: false, dup: false });
};

/** All that was sent before has been taken when the answer comes. */
const answered = (socket: Socket): Promise<void> =>
  new Promise(resolve => {
    socket.once('data', () => resolve());
    socket.write(generate({ cmd: 'pingreq' }));
  });

async function beat(sockets: readonly Socket[], count: number): Promise<void> {
  for (let seq = 0; seq < count / LEAVES; seq += BURST) {
    await Promise.all(
      sockets.map((socket, at) => {
        const name = names[at] as string;
        socket.cork();
        for (let more = 0; more < BURST; more++) socket.write(heartbeat(name, seq + more));
        socket.uncork();
        return answered(socket);
      }),
    );
  }
}

/** CPU milliseconds of the broker for each of them. */
async function priceOf(pid: number, count: number, work: () => Promise<void>): Promise<number> {
  const before = cpuMs([pid]);
  await work();
  await pause(200);
  return (cpuMs([pid]) - before) / count;
}

async function connects(variant: Variant, port: number, sessions: readonly Buffer[] = []): Promise<void> {
  let left = CONNECTS;
  const worker = async (at: number): Promise<void> => {
    while (left-- > 0) {
      const socket = await enter(variant, port, names[at] as string, sessions[at]);
      const closed = new Promise(resolve => socket.once('close', resolve));
      socket.destroy();
      await closed;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => worker(at)));
}

/** One of each that connects: with it goes the certificate that was shown. */
async function sessionsFrom(variant: Variant, port: number): Promise<Buffer[]> {
  const found: Buffer[] = [];
  for (const name of names.slice(0, AT_ONCE)) {
    const socket = (await enter(variant, port, name)) as TLSSocket;
    found.push(socket.getSession() as Buffer);
    socket.destroy();
  }
  return found;
}

async function measure(variant: Variant) {
  const port = await freePort();
  const broker = start(variant, port);
  const pid = broker.pid as number;
  try {
    const sockets = await eventually(async () => {
      const first = await enter(variant, port, names[0] as string);
      const rest = await Promise.all(names.slice(1).map(name => enter(variant, port, name)));
      return [first, ...rest];
    });
    await beat(sockets, BEATS / 5);
    const perBeat = await priceOf(pid, BEATS, () => beat(sockets, BEATS));
    for (const socket of sockets) socket.destroy();
    await connects(variant, port);
    const perConnect = await priceOf(pid, CONNECTS, () => connects(variant, port));
    const sessions = variant.tls ? await sessionsFrom(variant, port) : null;
    const resumed = sessions ? await priceOf(pid, CONNECTS, () => connects(variant, port, sessions)) : null;
    return { perBeat, perConnect, resumed };
  } finally {
    broker.kill();
  }
}

async function eventually<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries > 100) throw error;
      await pause(100);
    }
  }
}

console.log(
  `${BEATS} heartbeats of ${LEAVES} leaves, ${CONNECTS} connects, ${AT_ONCE} at a time; by CPU second of the broker`,
);
let plain: Awaited<ReturnType<typeof measure>> | null = null;
const rows: Record<string, object> = {};
for (const variant of VARIANTS) {
  const found = await measure(variant);
  if (!variant.tls && !variant.auth) plain = found;
  const rate = (ms: number | null): string => (ms === null ? '–' : (1000 / ms).toFixed(0));
  const times = (ms: number | null, of: number | undefined): string =>
    ms === null || !of ? '–' : `x${(ms / of).toFixed(2)}`;
  rows[variant.title] = {
    'heartbeats/s': rate(found.perBeat),
    cost: times(found.perBeat, plain?.perBeat),
    'connects/s': rate(found.perConnect),
    'cost ': times(found.perConnect, plain?.perConnect),
    'resumed/s': rate(found.resumed),
    'cost  ': times(found.resumed, plain?.perConnect),
  };
}
console.table(rows);
rmSync(dir, { recursive: true });
process.exit(0);
