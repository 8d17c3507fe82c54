/** A rolling restart of ten instances, watched by a client that asks all of them all the time: nine answer, always. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { SETTING_KEYS } from '../../src/config/settings.js';
import { freePort } from '../support/mosquitto.js';
import { type NodeProcess, type Settings, startLeaf, startRoot } from '../support/nodes.js';
import { type Ask, awayAtOnce, outages } from '../support/outages.js';
import { Sandbox } from '../support/sandbox.js';
import { until } from '../support/wait.js';

const INSTANCES = 10;
/** Milliseconds between two requests to one instance: far less than it is away. */
const PAUSE_MS = 4;

/** Listens after a while, as services do; answers with its pid. */
const SERVER = `
const { createServer } = require('node:http');
const server = createServer((_, response) => response.end(String(process.pid)));
setTimeout(() => server.listen(Number(process.argv[2]), '127.0.0.1'), 200);
`;
const settingsOf = (file: string, port: number): Settings => ({
  name: `web${port}`,
  app_name: 'web',
  target: `${process.execPath} ${file} ${port}`,
  start_seconds: 0,
  readiness_probe: `http://127.0.0.1:${port}/`,
  readiness_probe_interval: 0.1,
});
const skip = !(SETTING_KEYS as readonly string[]).includes('readiness_probe') && 'needs readiness probes';

/** Asks every instance all the time, each time on a new connection. */
class Watcher {
  readonly asks: Ask[] = [];
  /** The last answer of each. */
  readonly pids = new Map<number, string>();
  readonly refusals: string[] = [];
  private over = false;
  private readonly loops: Promise<void>[];

  constructor(ports: readonly number[]) {
    this.loops = ports.map(port => this.watch(port));
  }
  async stop(): Promise<void> {
    this.over = true;
    await Promise.all(this.loops);
  }
  private async watch(port: number): Promise<void> {
    while (!this.over) {
      const from = performance.now();
      const answer = await ask(port);
      const to = performance.now();
      this.asks.push({ instance: port, from, to, ok: typeof answer === 'string' });
      if (typeof answer === 'string') this.pids.set(port, answer);
      else this.refusals.push(`${Math.round(from)}-${Math.round(to)} ms port ${port}: ${answer.message}`);
      await pause(PAUSE_MS);
    }
  }
}

const ask = (port: number): Promise<string | Error> =>
  new Promise(resolve => {
    const request = get({ host: '127.0.0.1', port, agent: false, timeout: 2000 }, response => {
      let body = '';
      response.setEncoding('utf8').on('data', text => {
        body += text;
      });
      response.once('end', () => resolve(body)).once('error', resolve);
    });
    request.once('timeout', () => request.destroy(new Error('no answer within 2 s'))).once('error', resolve);
  });

describe('a rolling restart', { skip }, () => {
  const box = new Sandbox({ after });
  let root: NodeProcess;
  let ports: number[];
  before(async () => {
    writeFileSync(box.path('server.cjs'), SERVER);
    root = await startRoot(box);
    ports = await Promise.all(Array.from({ length: INSTANCES }, freePort));
    await Promise.all(ports.map(port => startLeaf(box, root, settingsOf(box.path('server.cjs'), port))));
    for (const port of ports) await root.rest.expect(`web${port}`, { status: 'up' });
  });

  it('of ten with max-unavailable=1: never fewer than nine answer', async t => {
    const watcher = new Watcher(ports);
    await until(() => watcher.pids.size === INSTANCES, 10_000, 'each has answered');
    const before = new Map(watcher.pids);
    const from = performance.now();
    const more = { select: { app: 'web' }, args: { maxUnavailable: 1 } };
    const { body } = await root.rest.command('', 'restart', more, 60);
    const took = Math.round(performance.now() - from);
    await until(() => ports.every(port => watcher.pids.get(port) !== before.get(port))).catch(() => {});
    await watcher.stop();
    const shown = watcher.refusals.slice(-40).join('\\n');
    assert.deepEqual([body.status, body.data?.succeeded], ['succeeded', INSTANCES], JSON.stringify(body));
    const away = awayAtOnce(watcher.asks);
    assert.ok(away.length <= 1, `${away.length} away at once: ${away.join(', ')}\\n${shown}`);
    for (const port of ports) {
      assert.notEqual(watcher.pids.get(port), before.get(port), `${port} was restarted`);
      assert.equal(outages(watcher.asks).filter(it => it.instance === port).length, 1, `${port}\\n${shown}`);
    }
    t.diagnostic(`${watcher.asks.length} requests in ${took} ms, ${watcher.refusals.length} refused`);
  });
});
