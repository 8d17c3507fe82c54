/** Two hundred followers over REST that never read, beside one that does: what they cost the root, and whom. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { after, describe, it } from 'node:test';
import { Tap } from '../support/mqtt-tools.js';
import { type NodeProcess, startLeaf, startRelay, startRoot } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import { Sandbox } from '../support/sandbox.js';
import { sseEvents } from '../support/sse.js';
import { until } from '../support/wait.js';

const STORED = 20_000;
const LINES = 80_000;
const FROZEN = 200;
/** A hundred that are each sent all of it would take 17 MB each. */
const MOST_BYTES = 400e6;

const script = (go: string): string => `#!/bin/sh
seq -f '%.0f ${'x'.repeat(200)}' 1 ${STORED}
while [ ! -e ${go} ]; do sleep 0.05; done
seq -f '%.0f ${'x'.repeat(200)}' ${STORED + 1} ${LINES}
exec sleep 3600
`;

const skip =
  skipWithout('mosquitto_sub') ||
  (process.platform !== 'linux' && 'a target outlives its leaf on Linux only');

describe(`${FROZEN} followers that never read`, { skip }, () => {
  const box = new Sandbox({ after });
  const sockets: Socket[] = [];
  after(() => {
    for (const socket of sockets) socket.destroy();
  });

  it('cost bounded memory, no line of who reads, and no heartbeat', { timeout: 170_000 }, async t => {
    const root = await startRoot(box);
    const relay = await startRelay(box, root, { name: 'rack1' });
    const target = box.path('count');
    writeFileSync(target, script(box.path('go')), { mode: 0o755 });
    await startLeaf(box, relay, { name: 'web', target });
    await root.rest.expect('rack1/web', { status: 'up' });
    const url = `${root.rest.url}/api/v1/logs/rack1/web?follow=true`;
    const honest = new Honest();
    const read = honest.read(url);
    await until(() => honest.last === STORED, 60_000, 'what is stored');
    const before = root.rss();
    for (let nth = 0; nth < FROZEN; nth++)
      sockets.push(frozen(root, nth % 2 === 0 ? 'text/event-stream' : 'application/x-ndjson'));
    const refused = async () => (await statusOf(`${url}&tail=0`)) === 429;
    await until(refused, 60_000, 'as many follow as may');
    const beats = await Tap.open(
      box,
      root.port,
      'canopy/rack1/hb',
      'canopy/rack1/web/hb',
      'canopy/+/state',
      'canopy/+/+/state',
    );
    const states = beats.messages.length;
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, root.rss());
    }, 50);
    writeFileSync(box.path('go'), '');
    const whole = await read.finally(() => clearInterval(watch));
    assert.equal(whole, LINES);
    for (const topic of ['canopy/rack1/hb', 'canopy/rack1/web/hb']) {
      const seen = beats.on(topic);
      const seqs = seen.map(({ json }) => json.seq as number);
      assert.deepEqual(
        seqs,
        seqs.map((_, at) => (seqs[0] as number) + at),
        'every heartbeat',
      );
      const gaps = seen.slice(1).map(({ at }, nth) => at - (seen[nth]?.at ?? at));
      t.diagnostic(
        `${topic}: ${seqs.length} heartbeats, every 300 ms, at most ${Math.max(...gaps)} ms apart`,
      );
    }
    const lost = beats.messages.slice(states).filter(({ json }) => json?.link === 'lost');
    assert.deepEqual(lost, []);
    t.diagnostic(`root: ${Math.round(before / 1e6)} MB before, ${Math.round(most / 1e6)} MB at most`);
    assert.ok(most - before < MOST_BYTES, `${most - before} bytes more`);
    for (const socket of sockets) socket.destroy();
    const admitted = async () => (await statusOf(`${url}&tail=1`)) === 200;
    await until(admitted, 20_000, 'their places are free again');
  });
});

async function statusOf(url: string): Promise<number> {
  const { status, body } = await fetch(url);
  await body?.cancel();
  return status;
}

function frozen(root: NodeProcess, accept: string): Socket {
  const socket = connect(Number(root.settings.rest_port), '127.0.0.1').pause();
  socket.on('error', () => {});
  socket.write(`GET /api/v1/logs/rack1/web?follow=true HTTP/1.1\r\nhost: x\r\naccept: ${accept}\r\n\r\n`);
  return socket;
}

/** Reads to the last line. Throws where one is missing, comes twice or out of order. */
class Honest {
  last = 0;

  async read(url: string): Promise<number> {
    const cut = new AbortController();
    for await (const { event, data } of sseEvents(url, cut.signal)) {
      assert.equal(event, 'log', `after ${this.last}: ${JSON.stringify(data).slice(0, 300)}`);
      for (const { seq, line } of data.lines as { seq: number; line: string }[]) {
        if (seq !== this.last + 1 || Number.parseInt(line, 10) !== seq)
          throw new Error(`after ${this.last} came ${line.slice(0, 20)} with seq ${seq}`);
        this.last = seq;
      }
      if (this.last === LINES) break;
    }
    cut.abort();
    return this.last;
  }
}
