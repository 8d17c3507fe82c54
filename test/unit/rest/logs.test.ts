/** `/logs` over real sockets, from a log in memory. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { CanopyError } from '../../../src/core/errors.js';
import { Rest, rawHttp } from '../../support/rest.js';
import { ServedLog } from '../../support/served-log.js';
import { SseClient } from '../../support/sse.js';
import { until } from '../../support/wait.js';
import { type Served, serve } from './support.js';

const TS = 1_790_000_000_000;
const MB = 1024 * 1024;
const LOGS = '/api/v1/logs';

let served: Served;
let rest: Rest;
let log: ServedLog;
let own: ServedLog;
const clients: SseClient[] = [];

beforeEach(async () => {
  log = new ServedLog(() => TS + log.seq);
  own = new ServedLog();
  served = await serve({
    logs: {
      source: (path, { self, wait } = {}) => {
        if (self) return own;
        if (path === 'rack1') throw new CanopyError('unsupported-op', '"rack1" is a relay');
        if (path === 'web') return wait ? log.patient : log;
        throw new CanopyError('not-found', `there is no node "${path}" here`);
      },
    },
  });
  await served.front.listen('127.0.0.1', 0);
  rest = new Rest(served.front.origin as string);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await served.close();
  assert.deepEqual(served.logged, []);
});

const writeAll = (...lines: string[]): void => {
  for (const line of lines) log.write(line);
};
const numbered = (count: number, from = 1) => Array.from({ length: count }, (_, at) => `line ${from + at}`);
const text = async (query: string, headers: Record<string, string> = {}): Promise<string> => {
  const { status, body } = await rest.raw(`${LOGS}/web${query}`, {
    headers: { accept: 'text/plain', ...headers },
  });
  assert.equal(status, 200);
  return body;
};
async function follow(query = '', headers: Record<string, string> = {}): Promise<SseClient> {
  const client = await SseClient.open(`${rest.url}${LOGS}/web?follow=true${query}`, headers);
  clients.push(client);
  return client;
}

/** Waits until a count that has begun has not risen for half a second. */
async function halts(count: () => number): Promise<void> {
  let [seen, since] = [0, performance.now()];
  const still = (): boolean => {
    if (count() !== seen) [seen, since] = [count(), performance.now()];
    return seen > 0 && performance.now() - since > 500;
  };
  await until(still, 10_000, 'it has come to a halt');
}

describe('a snapshot', () => {
  it('is an object a line', async () => {
    writeAll('one', 'two \u001b[31mred\u001b[0m');
    log.write(Buffer.from([0x61, 0xff, 0x62]), 'stderr');
    const response = await fetch(`${rest.url}${LOGS}/web`);
    assert.equal(response.headers.get('content-type'), 'application/x-ndjson');
    const lines = (await response.text()).trimEnd().split('\n');
    assert.deepEqual(
      lines.map(line => JSON.parse(line)),
      [
        { seq: 1, ts: TS + 1, stream: 'stdout', line: 'one' },
        { seq: 2, ts: TS + 2, stream: 'stdout', line: 'two \u001b[31mred\u001b[0m' },
        { seq: 3, ts: TS + 3, stream: 'stderr', line: 'a\ufffdb' },
      ],
    );
  });

  it('is text where that is asked for, packed where that is taken', async () => {
    writeAll(...numbered(1000));
    const whole = `${numbered(1000).join('\n')}\n`;
    assert.equal(await text(''), whole);
    const packed = await fetch(`${rest.url}${LOGS}/web`, {
      headers: { accept: 'text/plain', 'accept-encoding': 'gzip' },
    });
    assert.equal(packed.headers.get('content-encoding'), 'gzip');
    assert.match(packed.headers.get('content-type') ?? '', /^text\/plain/);
    assert.equal(await packed.text(), whole);
  });

  it('takes what the query says', async () => {
    writeAll(...numbered(20));
    log.write('wrong (', 'stderr');
    const rows: [query: string, lines: string[]][] = [
      ['?tail=2', ['line 20', 'wrong (']],
      ['?tail=0', []],
      ['?after=19', ['line 20', 'wrong (']],
      ['?stream=stderr', ['wrong (']],
      ['?grep=1%5B89%5D', ['line 18', 'line 19']],
      ['?grep=(&fixed=true', ['wrong (']],
      [`?since=${TS + 20}&until=${TS + 20}`, ['line 20']],
    ];
    for (const [query, lines] of rows)
      assert.equal(await text(query), lines.map(line => `${line}\n`).join(''), query);
  });

  it('says where lines are missing', async () => {
    writeAll(...numbered(5));
    log.drop(3);
    const { body } = await rest.raw(`${LOGS}/web?after=1`, {});
    const [first] = body.split ? body.trim().split('\n') : [];
    assert.deepEqual(JSON.parse(first), { gap: { from: 2, to: 3, reason: 'dropped' } });
    assert.match(await text('?after=1'), /^\[canopy: lines 2 to 3 are missing: dropped\]\nline 4\nline 5\n$/);
  });

  it('of the node itself', async () => {
    own.write('{"msg":"up"}');
    for (const path of ['', 'rack1', 'web'])
      assert.match((await rest.raw(`${LOGS}/${path}?self=true`, {})).body, /"line":"\{\\"msg\\":\\"up\\"\}"/);
  });

  it('that breaks is seen to be broken', async () => {
    for (let at = 0; at < 50_000; at++) log.write('x'.repeat(200));
    for (const [accept, says] of [
      ['application/x-ndjson', /\{"error":\{"code":"grep-failed","message":"too slow"\}\}\n$/],
      ['text/plain', /\n\[canopy: grep-failed: too slow\]\n$/],
    ] as const) {
      const client = await SseClient.open(`${rest.url}${LOGS}/web`, { accept });
      log.break(new CanopyError('grep-failed', 'too slow'));
      await client.saw(({ ended }) => ended);
      assert.equal(client.ended, 'broken');
      assert.match(client.text, says);
    }
  });

  it('is read no faster than it is taken, and not at all once nobody takes it', async () => {
    for (let at = 0; at < 20_000; at++) log.write('x'.repeat(4000)); // 80 MB
    for (const accept of ['text/plain', 'application/x-ndjson']) {
      log.taken = 0;
      const { port } = new URL(rest.url);
      const socket = connect(Number(port), '127.0.0.1').pause();
      socket.write(`GET ${LOGS}/web HTTP/1.1\r\nhost: x\r\naccept: ${accept}\r\n\r\n`);
      await halts(() => log.taken);
      assert.ok(log.taken < 12 * MB, `${log.taken / MB} MB are read`);
      assert.equal((await rest.get('/healthz')).status, 200);
      socket.destroy();
      await until(() => log.open === 0, 2000, 'its reader is gone');
    }
  });
});

describe('a stream', () => {
  it('goes on with what is written, in events of the contract', async () => {
    writeAll('one', 'two');
    const client = await follow('&tail=1');
    assert.deepEqual([client.status, client.type], [200, 'text/event-stream']);
    await client.saw(({ lines }) => lines.length === 1);
    log.write('three', 'stderr');
    await client.saw(({ lines }) => lines.length === 2);
    assert.deepEqual(client.lines, ['2 two', '3 three']);
    assert.deepEqual(client.events.at(-1), {
      id: '3',
      event: 'log',
      data: { v: 1, epoch: 10, lines: [{ seq: 3, ts: TS + 3, stream: 'stderr', line: 'three' }] },
    });
    assert.match(client.text, /^retry: 1000\n\n/);
  });

  it('is resumed after the last event, with a gap where that is gone', async () => {
    writeAll(...numbered(10));
    const client = await follow('&tail=3', { 'last-event-id': '4' });
    await client.saw(({ lines }) => lines.length === 6);
    assert.deepEqual(client.lines[0], '5 line 5');
    log.drop(7);
    const late = await follow('&tail=3', { 'last-event-id': '4' });
    await late.saw(({ lines }) => lines.length === 3);
    assert.deepEqual(late.events[0], {
      id: '7',
      event: 'gap',
      data: { v: 1, gap: { from: 5, to: 7, reason: 'dropped' } },
    });
  });

  it('of a quiet log lets its client in, and says from where it goes on', async () => {
    writeAll('one', 'two');
    const client = await follow('&tail=0');
    await client.saw(it => it.text.includes('id: 2\n\n'));
    assert.deepEqual(client.events, []);
    log.write('three');
    await client.saw(({ lines }) => lines.length === 1);
    assert.deepEqual(client.lines, ['3 three']);
  });

  it('is text or NDJSON where that is asked for', async () => {
    writeAll('one');
    const [plain, objects] = [
      await follow('', { accept: 'text/plain' }),
      await follow('', { accept: 'application/x-ndjson' }),
    ];
    log.write('two');
    await plain.saw(it => it.text === 'one\ntwo\n');
    await objects.saw(it => it.text.split('\n').length === 3);
  });

  it('ends its reading when its viewer goes', async () => {
    const viewers = await Promise.all(Array.from({ length: 5 }, () => follow()));
    assert.equal(log.open, 5);
    for (const viewer of viewers) viewer.close();
    await until(() => log.open === 0, 2000, 'nobody reads');
  });

  it('with a viewer that does not read holds up nobody else', async () => {
    const { port } = new URL(rest.url);
    const frozen = connect(Number(port), '127.0.0.1').pause();
    frozen.write(`GET ${LOGS}/web?follow=true HTTP/1.1\r\nhost: x\r\n\r\n`);
    await until(() => log.open === 1);
    const client = await follow();
    for (let at = 0; at < 10_000; at++) log.write('x'.repeat(4000));
    await client.saw(({ text: seen }) => seen.includes('"seq":10000,'), 15_000);
    const others = (log.taken - 10_000 * 4001) / MB;
    assert.ok(others < 12, `${others} of 40 MB were read for the frozen one`);
    frozen.destroy();
    await until(() => log.open === 1, 2000);
  });

  it('ends in good order when the server does', async () => {
    writeAll('one');
    const client = await follow();
    await client.saw(({ lines }) => lines.length === 1);
    await served.front.close();
    await client.saw(({ ended }) => ended);
    assert.deepEqual([client.ended, log.open], ['whole', 0]);
  });

  it('and a frozen viewer does not keep the server from closing', async () => {
    for (let at = 0; at < 10_000; at++) log.write('x'.repeat(4000));
    const { port } = new URL(rest.url);
    const frozen = connect(Number(port), '127.0.0.1').pause();
    frozen.on('error', () => {});
    frozen.write(`GET ${LOGS}/web HTTP/1.1\r\nhost: x\r\n\r\n`);
    await until(() => log.taken > 0);
    const from = performance.now();
    await served.front.close();
    assert.ok(performance.now() - from < 2000);
    frozen.destroy();
  });

  it('has at most a hundred viewers', async () => {
    await Promise.all(Array.from({ length: 100 }, () => follow()));
    const { status, body } = await rest.get(`${LOGS}/web?follow=true`);
    assert.deepEqual([status, body.code], [429, 'too-many-streams']);
    assert.match(body.detail, /expected at most 100 logs/);
    assert.equal((await rest.raw(`${LOGS}/web`, {})).status, 200, 'a snapshot is another thing');
    clients.pop()?.close();
    await until(async () => (await follow()).status === 200, 2000);
  });

  it('that breaks says why, as an event', async () => {
    const client = await follow();
    log.break(new CanopyError('node-unreachable', 'it is away'));
    await client.saw(({ ended }) => ended);
    assert.equal(client.ended, 'whole');
    const { event, data } = client.events[0] ?? {};
    assert.deepEqual([event, data], ['problem', { code: 'node-unreachable', message: 'it is away' }]);
    const plain = await follow('', { accept: 'text/plain' });
    log.break(new CanopyError('node-unreachable', 'it is away'));
    await plain.saw(({ ended }) => ended);
    assert.deepEqual([plain.ended, plain.text], ['broken', '[canopy: node-unreachable: it is away]\n']);
  });
});

describe('a node that is away', () => {
  const away = new CanopyError('node-unreachable', '"web" is lost');

  it('is a problem at once', async () => {
    log.away = away;
    for (const query of ['', '?follow=true']) {
      const from = performance.now();
      const { status, body } = await rest.get(`${LOGS}/web${query}`);
      assert.deepEqual([status, body.code, body.detail], [503, 'node-unreachable', '"web" is lost']);
      assert.ok(performance.now() - from < 500);
    }
  });

  it('is waited for where that is asked for', async () => {
    log.away = away;
    const snapshot = text('?wait=true');
    const client = await follow('&wait=true');
    assert.deepEqual([client.status, client.lines, log.waiters], [200, [], 2]);
    writeAll('one');
    log.comeBack();
    assert.equal(await snapshot, 'one\n');
    await client.saw(({ lines }) => lines.length === 1);
  });

  it('is waited for no longer than its viewer waits', async () => {
    log.away = away;
    const client = await follow('&wait=true');
    client.close();
    await until(() => log.waiters === 0, 2000, 'nobody waits');
  });
});

describe('what is asked wrongly', () => {
  const rows: [url: string, status: number, code: string, detail: RegExp][] = [
    ['web?tail=-1', 400, 'bad-argument', /tail: expected a whole number from 0 to \d+, found -1/],
    ['web?tail=x', 400, 'bad-argument', /tail: .*found "x"/],
    ['web?since=soon', 400, 'bad-argument', /since: expected ms since the epoch/],
    ['web?grep=(', 400, 'bad-argument', /grep: expected a regular expression/],
    ['web?after=99', 400, 'bad-cursor', /after: expected at most 0/],
    ['web?after=99&follow=true', 400, 'bad-cursor', /after: expected/],
    ['web?lines=5', 400, 'bad-argument', /takes tail, .*found "lines"/],
    ['nowhere', 404, 'not-found', /no node "nowhere"/],
    ['nowhere?follow=true', 404, 'not-found', /no node "nowhere"/],
    ['a%20b', 400, 'bad-path', /"a b"/],
    ['../x', 404, 'not-found', /./],
    ['rack1', 400, 'unsupported-op', /"rack1" is a relay/],
  ];
  for (const [url, status, code, detail] of rows) {
    it(`${url}: ${status} ${code}`, async () => {
      const answer = await rest.get(`${LOGS}/${url}`);
      assert.deepEqual([answer.status, answer.body.code], [status, code]);
      assert.match(answer.type, /^application\/problem\+json/);
      assert.match(answer.body.detail, detail);
    });
  }

  it('by HEAD or POST', async () => {
    const head = await rawHttp(
      rest.url,
      `HEAD ${LOGS}/web?follow=true HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
    );
    assert.match(head, /^HTTP\/1\.1 405 /);
    assert.equal((await rest.ask('POST', `${LOGS}/web`)).status, 405);
  });

  it('and what can be asked is described', async () => {
    const { body } = await rest.get('/openapi.json');
    const route = body.paths[`${LOGS}/{*}`].get;
    const names = route.parameters
      .filter((it: { in: string }) => it.in === 'query')
      .map((it: { name: string }) => it.name);
    assert.deepEqual(names, [
      'tail',
      'after',
      'since',
      'until',
      'stream',
      'grep',
      'fixed',
      'follow',
      'self',
      'wait',
    ]);
    assert.deepEqual(Object.keys(route.responses['200'].content), [
      'application/x-ndjson',
      'text/plain',
      'text/event-stream',
    ]);
  });
});
