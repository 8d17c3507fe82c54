/**
 * What a heartbeat costs on its way up: CPU of all brokers of a chain per heartbeat seen at the top, and how late it is.
 * Canopy's chain decodes each heartbeat at each hop and keeps leases; mosquitto's only forwards.
 * node dist/test/bench/heartbeat.js [leaves] [seconds]
 */

import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { generate } from 'mqtt-packet';
import { type Chain, canopyChain, cpuSeconds, mosquittoChain, rssMb } from './chain.js';

const LEAVES = Number(process.argv[2] ?? 2000);
const SECONDS = Number(process.argv[3] ?? 10);
/** Ticks per second: each leaf beats once a second, at its own tick. */
const TICKS = 100;

/** Seconds of heartbeats before any is counted: canopy announces each leaf that it hears for the first time. */
const WARM_UP = 3;

interface Figures {
  readonly microsPerBeat: number;
  readonly seen: number;
  readonly sent: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly rss: string;
}

const heartbeat = (seq: number): string =>
  JSON.stringify({
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

/** A leaf as the broker sees it: a connection of its own, one packet a second. */
function leafSocket(port: number, name: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.once('error', reject);
    socket.once('data', () => resolve(socket));
    socket.write(
      generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clean: true,
        clientId: name,
        keepalive: 60,
      }),
    );
  });
}

const beat = (socket: Socket | undefined, leaf: number, seq: number): void => {
  const topic = `canopy/leaf${leaf}/hb`;
  socket?.write(
    generate({ cmd: 'publish', topic, payload: heartbeat(seq), qos: 0, retain: false, dup: false }),
  );
};

async function publishAll(leaves: readonly Socket[], seconds: number, firstSeq: number): Promise<number> {
  let sent = 0;
  const begin = performance.now();
  for (let tick = 0; tick < seconds * TICKS; tick++) {
    for (let leaf = tick % TICKS; leaf < LEAVES; leaf += TICKS) {
      beat(leaves[leaf], leaf, firstSeq + Math.floor(tick / TICKS));
      sent += 1;
    }
    await pause(Math.max(0, begin + ((tick + 1) * 1000) / TICKS - performance.now()));
  }
  return sent;
}

async function measure(chain: Chain): Promise<Figures> {
  const lateness: number[] = [];
  const watcher = await connectAsync({ host: '127.0.0.1', port: chain.top, reconnectPeriod: 50 });
  const pattern = new RegExp(`^canopy/${chain.prefix}/leaf\\d+/hb$`);
  watcher.on('message', (topic, payload) => {
    if (pattern.test(topic))
      lateness.push(Date.now() - (JSON.parse(payload.toString()) as { ts: number }).ts);
  });
  await watcher.subscribeAsync('canopy/#');
  const leaves: Socket[] = [];
  for (let leaf = 0; leaf < LEAVES; leaf++) leaves.push(await leafSocket(chain.bottom, `bench${leaf}`));
  await bridged(leaves[0] as Socket, lateness);
  await publishAll(leaves, WARM_UP, 1);
  await settled(chain);
  lateness.length = 0;
  const before = cpuSeconds(chain.pids);
  const sent = await publishAll(leaves, SECONDS, 1 + WARM_UP);
  await pause(500);
  const micros = (cpuSeconds(chain.pids) - before) * 1e6;
  for (const leaf of leaves) leaf.destroy();
  await watcher.endAsync(true);
  lateness.sort((a, b) => a - b);
  const at = (share: number): number => lateness[Math.floor(lateness.length * share)] ?? Number.NaN;
  const rss = chain.pids.map(pid => rssMb(pid).toFixed(0)).join('/');
  return {
    microsPerBeat: micros / lateness.length,
    seen: lateness.length,
    sent,
    medianMs: at(0.5),
    p99Ms: at(0.99),
    rss,
  };
}

/** Until one heartbeat has gone all the way up. */
async function bridged(leaf: Socket, seen: readonly number[]): Promise<void> {
  for (let seq = 1; seen.length === 0; seq++) {
    if (seq > 200) throw new Error('nothing reaches the top');
    beat(leaf, 999_999, seq);
    await pause(50);
  }
}

/** Until the brokers have nothing left to do. */
async function settled(chain: Chain): Promise<void> {
  for (let idle = 0; idle < 3; ) {
    const before = cpuSeconds(chain.pids);
    await pause(500);
    idle = cpuSeconds(chain.pids) - before < 0.03 * chain.pids.length ? idle + 1 : 0;
  }
}

console.log(`${LEAVES} leaves at 1 Hz for ${SECONDS} s, QoS 0`);
for (const brokers of [2, 3, 4]) {
  const rows: Record<string, Figures> = {};
  for (const [name, open] of [
    ['mosquitto', mosquittoChain],
    ['canopy', canopyChain],
  ] as const) {
    const chain = await open(brokers);
    try {
      rows[name] = await measure(chain);
    } finally {
      chain.stop();
    }
    const row = rows[name];
    console.log(
      `${brokers} brokers  ${name.padEnd(10)} ${row.microsPerBeat.toFixed(1).padStart(6)} us CPU per heartbeat` +
        `  seen ${row.seen}/${row.sent}  late ${row.medianMs} ms, p99 ${row.p99Ms} ms  RSS ${row.rss} MB`,
    );
  }
  const ratio = (rows.canopy?.microsPerBeat ?? 0) / (rows.mosquitto?.microsPerBeat ?? 1);
  console.log(`${brokers} brokers  canopy / mosquitto: ${ratio.toFixed(2)}`);
}
