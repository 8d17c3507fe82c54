/** History over real processes: kept through kill -9, read by REST, followed without loss or repetition. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { connectAsync, type MqttClient } from 'mqtt';
import { Command } from '../support/cli.js';
import { type NodeProcess, startLeaf, startRelay, startRoot } from '../support/nodes.js';
import type { Rest } from '../support/rest.js';
import { Sandbox } from '../support/sandbox.js';
import { SseClient } from '../support/sse.js';
import { STEADY } from '../support/targets.js';
import { until } from '../support/wait.js';

// biome-ignore lint/suspicious/noExplicitAny: JSON as it came; the tests say what it should be
type Told = Record<string, any>;
const SSE = { accept: 'text/event-stream' };

/** All that is kept, oldest first. */
async function kept(rest: Rest, query = ''): Promise<Told[]> {
  const found: Told[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = await rest.get(
      `/api/v1/events?order=oldest&limit=1000${query}${cursor && `&cursor=${cursor}`}`,
    );
    found.push(...body.events);
    cursor = body.nextCursor;
  }
  return found;
}

/** Publishes events, each with the next number, as fast as they are taken, until told to end. */
class Load {
  sent = 0;
  private isOver = false;

  constructor(private readonly client: MqttClient) {}

  static async open(port: number): Promise<Load> {
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
    client.on('error', () => {});
    return new Load(client);
  }

  async run(first: number): Promise<void> {
    this.sent = first;
    while (!this.isOver && this.client.connected) {
      const event = { v: 1, epoch: 1, seq: this.sent, ts: Date.now(), event: 'load', reason: 'under load' };
      this.sent += 1;
      this.client.publish('canopy/load/evt', JSON.stringify(event), { qos: 1 }, () => {});
      if (this.sent % 20 === 0) await new Promise(resolve => setTimeout(resolve, 5));
    }
  }

  end(): void {
    this.isOver = true;
    this.client.end(true);
  }
}

const rising = (ids: readonly number[]): void =>
  assert.deepEqual(
    ids.filter((id, at) => at > 0 && id <= (ids[at - 1] as number)),
    [],
  );

describe('history of a root', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  const box = new Sandbox({ after });

  it('that is killed in mid-write opens its store again, and has lost nothing that it had shown', async () => {
    const root = await startRoot(box, { name: 'killed' });
    let next = 0;
    for (let round = 0; round < 5; round++) {
      const stream = await SseClient.open(`${root.rest.url}/api/v1/events?event=load`, SSE);
      const load = await Load.open(root.port);
      const running = load.run(next);
      await stream.saw(
        ({ events }) => events.filter(({ event }) => event === 'evt').length > 200 + round * 100,
      );
      await root.crash();
      load.end();
      await running;
      await until(() => stream.ended, 5000, 'the stream has ended');
      next = load.sent;
      const shown = stream.events.filter(({ event }) => event === 'evt').map(({ data }) => data.seq);
      await root.up();
      const found = await kept(root.rest, '&event=load');
      rising(found.map(({ id }) => id));
      const seqs = new Set(found.map(({ seq }) => seq));
      assert.deepEqual(
        shown.filter(seq => !seqs.has(seq)),
        [],
      );
      assert.equal(seqs.size, found.length, 'each once');
    }
    assert.equal(root.log.filter(({ code }) => String(code).startsWith('history-')).length, 0);
    const away = (await kept(root.rest, '&event=observer')).filter(
      ({ reason }) => reason === 'this node was not running',
    );
    assert.equal(away.length, 5);
    await root.stop();
  });

  it('is followed by REST: first how things are, then what happens, resumed where it broke off', async () => {
    const root = await startRoot(box, { name: 'followed' });
    const rack1 = await startRelay(box, root, { name: 'rack1' });
    const web = await startLeaf(box, rack1, { name: 'web', target: STEADY });
    await root.rest.expect('rack1/web', { status: 'up' });
    const stream = await SseClient.open(`${root.rest.url}/api/v1/events?under=rack1`, SSE);
    await stream.saw(({ events }) => events.length >= 2);
    assert.deepEqual(
      stream.events
        .slice(0, 2)
        .map(({ event, data, id }) => [event, data.path, data.status, data.snapshot, id]),
      [
        ['state', 'rack1', 'up', true, null],
        ['state', 'rack1/web', 'up', true, null],
      ],
    );
    await rack1.crash();
    await stream.saw(({ events }) =>
      events.some(({ data }) => data.path === 'rack1' && data.status === 'down'),
    );
    const down = stream.events.find(({ data }) => data.path === 'rack1' && data.status === 'down');
    assert.deepEqual(
      [down?.data.from, down?.data.hidden, down?.data.v, down?.data.link],
      ['up', 1, 1, 'lost'],
    );
    stream.close();
    await rack1.up();
    await root.rest.expect('rack1/web', { status: 'up' });
    await root.crash();
    await root.up();
    await root.rest.expect('rack1/web', { status: 'up' });
    const resumed = await SseClient.open(`${root.rest.url}/api/v1/events?under=rack1`, {
      ...SSE,
      'last-event-id': String(down?.id),
    });
    await resumed.saw(({ events }) =>
      events.some(({ data }) => data.path === 'rack1' && data.status === 'up'),
    );
    assert.ok(
      resumed.events.every(({ data }) => !data.snapshot),
      'it goes on, it does not begin anew',
    );
    rising(resumed.events.map(({ id }) => Number(id)));
    assert.ok(Number(resumed.events[0]?.id) > Number(down?.id));
    resumed.close();
    const gone = await SseClient.open(`${root.rest.url}/api/v1/events`, { ...SSE, 'last-event-id': '12' });
    await gone.saw(({ events }) => events.length > 3);
    assert.deepEqual([gone.events[0]?.event, gone.events[1]?.data.snapshot], ['gap', true]);
    gone.close();
    const { body } = await root.rest.get('/api/v1/incidents?under=rack1');
    assert.deepEqual(
      body.incidents.map(({ path, hidden, end }: Told) => [path, hidden, end]),
      [['rack1', 1, 'up']],
    );
    const url = ['--url', root.rest.url];
    const { stdout } = await new Command(box, ['incidents', '--under', 'rack1', ...url]).end();
    assert.match(stdout, /^PATH.*WHY\nrack1 +- +20\S+Z +\d+ s +up +1 +will\n$/);
    for (const node of [web, rack1, root]) await node.stop();
  });

  it('is followed by the command line over a kill -9: each event once, and it says that it broke off', async () => {
    const root = await startRoot(box, { name: 'cli' });
    const url = root.rest.url;
    const follow = new Command(box, ['events', '-f', '--json', '--url', url, '--event', 'load']);
    let next = 0;
    for (let round = 0; round < 2; round++) {
      const load = await Load.open(root.port);
      const running = load.run(next);
      const seen = follow.log.length;
      await until(() => follow.log.length > seen + 300, 20_000, 'they come');
      await root.crash();
      load.end();
      await running;
      next = load.sent;
      await root.up();
    }
    const found = await kept(root.rest, '&event=load');
    await until(() => follow.log.at(-1)?.id === found.at(-1)?.id, 20_000, 'all have come');
    assert.deepEqual(
      follow.log.map(({ id }) => id),
      found.map(({ id }) => id).slice(-follow.log.length),
    );
    assert.match(follow.stderr, /broken off, trying again: .*\n.*it goes on/);
    follow.signal('SIGKILL');
    const none = new Command(box, ['events', '--url', 'http://127.0.0.1:1']);
    assert.equal((await none.end()).code, 3);
    await root.stop();
  });

  it('says how available a leaf was', async () => {
    const root = await startRoot(box, { name: 'measured' });
    const since = Date.now();
    const web = await startLeaf(box, root, { name: 'web', app_name: 'shop', target: STEADY });
    await root.rest.expect('web', { status: 'up' });
    // The first restart is at once, and no failure yet.
    for (let kill = 0; kill < 2; kill++) {
      const { pid: old } = await root.rest.expect('web', { status: 'up' });
      process.kill(old as number, 'SIGKILL');
      await root.rest.expect('web', ({ status, pid }) => status === 'up' && pid !== old);
    }
    const { body } = await root.rest.get(`/api/v1/availability/web?since=${since}`);
    assert.ok(body.availability > 0 && body.availability < 1, JSON.stringify(body));
    assert.deepEqual([body.failures, body.restarts, body.app], [1, 2, 'shop']);
    assert.ok(body.mttr > 0 && body.mtbf > 0);
    const { degraded: _partOfUp, ...times } = body.times as Record<string, number>;
    const sum = Object.values(times).reduce((all, each) => all + each, 0);
    assert.ok(Math.abs(sum - (body.until - body.since) / 1000) < 1e-6);
    const { body: shop } = await root.rest.get(`/api/v1/availability?app=shop&since=${since}`);
    assert.deepEqual([shop.nodes.length, shop.failures, shop.path], [1, 1, '']);
    const shown = await new Command(box, ['availability', 'web', '--url', root.rest.url]).end();
    assert.match(shown.stdout, /^PATH.*AVAILABLE[\s\S]*web +shop +\d+\.\d{3} %/);
    for (const each of [web, root]) await each.stop();
  });

  it('is kept by a relay with REST too, by none without, and not where it is switched off', async () => {
    const root = await startRoot(box, { name: 'top', history: false });
    const nodes: NodeProcess[] = [
      await startRelay(box, root, { name: 'served', rest_port: 0 }),
      await startRelay(box, root, { name: 'plain' }),
    ];
    assert.deepEqual(
      [...nodes, root].map(({ dataDir }) => existsSync(join(dataDir, 'history'))),
      [true, false, false],
    );
    assert.equal((await root.rest.get('/api/v1/events')).status, 404);
    for (const node of [...nodes, root]) await node.stop();
  });
});
