/** Logs as people read them, over REST and from the command line, of leaves three brokers down in real processes. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Command, canopy } from '../support/cli.js';
import { type DeepTree, deepTree, type NodeProcess, startLeaf } from '../support/nodes.js';
import { Sandbox } from '../support/sandbox.js';
import { SseClient } from '../support/sse.js';
import { until } from '../support/wait.js';

const skip = process.platform !== 'linux' && 'needs /proc';
/** Numbered lines, one every 10 ms, for as long as it runs; the last number is kept over its restarts. */
const COUNTING = `sh -c 'i=0; while :; do i=$((i+1)); echo "number $i"; sleep 0.01; done'`;
const EVERYTHING = `sh -c 'printf "plain\\n\\033[31mred\\033[0m\\r\\n\\377\\376 bytes\\n\\342\\202\\254\\n"; head -c 1000000 /dev/zero | tr "\\0" x; echo; echo ${'q'.repeat(40)}; printf "no end"; printf "wrong\\n" >&2; exec sleep 3600'`;

describe('logs of a real tree', { skip }, () => {
  const box = new Sandbox({ after });
  let tree: DeepTree;
  let leaf: NodeProcess;
  const path = 'rack1/rack2/counting';
  const run = (...words: string[]) => canopy(box, ['logs', ...words], { CANOPY_URL: tree.rest.url });
  const start = (...words: string[]) => new Command(box, ['logs', ...words], { CANOPY_URL: tree.rest.url });

  before(async () => {
    tree = await deepTree(box);
    leaf = await tree.leaf({ name: 'counting', target: COUNTING });
    await startLeaf(box, tree.root, { name: 'said', target: EVERYTHING });
    await tree.rest.expect('said', { status: 'up' });
  });

  it('have what the target wrote, byte by byte where it is text', async () => {
    await until(async () => (await tree.rest.raw('/api/v1/logs/said', {})).body.split('\n').length > 6);
    const { body } = await tree.rest.raw('/api/v1/logs/said?stream=stdout', {});
    const lines: { seq: number; line: string }[] = body
      .trimEnd()
      .split('\n')
      .map((line: string) => JSON.parse(line));
    const [plain, red, bytes, euro, long] = lines.map(({ line }) => line);
    assert.deepEqual(
      [plain, red, bytes, euro],
      ['plain', '\u001b[31mred\u001b[0m\r', '\ufffd\ufffd bytes', '€'],
    );
    assert.equal(long, 'x'.repeat(1_000_000));
    const { stdout } = await run('said', '--stream', 'stderr');
    assert.equal(stdout, 'wrong\n');
    assert.equal((await run('said', '--grep', '^w.*ng$')).stdout, 'wrong\n', 'by a regular expression');
    const packed = await fetch(`${tree.rest.url}/api/v1/logs/said`, { headers: { accept: 'text/plain' } });
    assert.equal(packed.headers.get('content-encoding'), 'gzip');
    assert.match(await packed.text(), /^plain\n/m);
  });

  it('are searched by regular expressions, letter by letter, and while they are followed', async () => {
    await until(async () => (await run(path)).stdout.split('\n').length > 40);
    const rows: [words: string[], says: RegExp | string][] = [
      [['said', '--grep', '^p.ain$'], 'plain\n'],
      [['said', '--grep', 'ai', '--fixed'], 'plain\n'],
      [['said', '--grep', '^P.ain$'], ''],
      [[path, '--grep', 'number \\d0$', '-n', '2'], /^number \d*0\nnumber \d*0\n$/],
    ];
    for (const [words, says] of rows) {
      const { code, stdout, stderr } = await run(...words);
      assert.deepEqual([code, stderr], [0, ''], words.join(' '));
      if (typeof says === 'string') assert.equal(stdout, says);
      else assert.match(stdout, says);
    }
    const follower = start('-f', path, '--grep', '[05]$', '-n', '0');
    await follower.said(/^number \d*0\nnumber \d*5$/m);
    assert.doesNotMatch(follower.stdout, /[^05\n]$/m);
    follower.signal('SIGINT');
    await follower.end();
  });

  it('are followed behind tags, those of all below a relay and more', async () => {
    const all = start('-f', '.', '-n', '3');
    await all.said(/^said {17}\| wrong$/m);
    await all.said(/^rack1\/rack2\/counting \| number \d+$/m);
    await startLeaf(box, tree.root, { name: 'late', target: `sh -c 'echo here; exec sleep 3600'` });
    await all.said(/^late {17}\| here$/m);
    all.signal('SIGINT');
    await all.end();
  });

  it('are as wrong as they can be asked for', async () => {
    const rows: [words: string[], code: number, says: RegExp][] = [
      [[path, '--after', '999999999'], 1, /^canopy: bad-cursor: after: /],
      [['-f', path, '--after', '999999999'], 1, /^canopy: bad-cursor: after: /],
      [['nobody'], 1, /^canopy: not-found: /],
      [['said', '--grep', '(q+q+)+!'], 1, /^canopy: grep-failed: .* took longer than /],
      [['-f', 'said', '--grep', '(q+q+)+!'], 1, /^canopy: grep-failed: .* took longer than /],
      [[path, '--tail', '-1'], 2, /^canopy: --tail: /],
    ];
    for (const [words, code, says] of rows) {
      const outcome = await run(...words);
      assert.deepEqual([outcome.code, outcome.stdout], [code, ''], words.join(' '));
      assert.match(outcome.stderr, says);
    }
    for (const [query, status, code] of [
      [`${path}?after=999999999`, 400, 'bad-cursor'],
      [`${path}?after=999999999&follow=true`, 400, 'bad-cursor'],
      [`${path}?since=soon`, 400, 'bad-argument'],
      ['said?grep=(q%2Bq%2B)%2B!', 422, 'grep-failed'],
      ['said?grep=(q%2Bq%2B)%2B!&follow=true', 422, 'grep-failed'],
      ['rack1', 400, 'unsupported-op'],
      ['rack1/nobody', 404, 'not-found'],
    ] as const) {
      const { status: found, body } = await tree.rest.get(`/api/v1/logs/${query}`);
      assert.deepEqual([found, body.code], [status, code], query);
    }
  });

  it('go on for a viewer while the leaf, the relays and the root are killed one after the other', async () => {
    const [follower, json] = [start('-f', path), start('-f', path, '--json')];
    const sse = await SseClient.open(`${tree.rest.url}/api/v1/logs/${path}?follow=true`);
    const frozen = connect(Number(tree.root.settings.rest_port), '127.0.0.1')
      .pause()
      .on('error', () => {});
    frozen.write(`GET /api/v1/logs/${path}?follow=true HTTP/1.1\r\nhost: x\r\n\r\n`);
    await Promise.all([
      follower.said(/number \d+\n/),
      json.said(/number \d+"/),
      sse.saw(it => it.lines.length > 0),
    ]);
    for (const node of [leaf, tree.rack2, tree.rack1]) {
      await node.crash();
      await node.up();
      const { length } = follower.stdout;
      const goesOn = () => follower.stdout.length > length + 500 && json.stdout.length > length;
      await until(goesOn, 20_000, `it goes on without ${node.settings.name}`);
    }
    await until(
      () => sse.text.length > 0 && sse.lines.length >= follower.stdout.split('\n').length - 50,
      10_000,
    );
    assert.equal(sse.ended, null);
    await tree.root.crash();
    await until(() => sse.ended, 5000);
    await tree.root.up();
    const { length } = follower.stdout;
    await until(() => follower.stdout.length > length + 500, 20_000, 'it goes on');
    const resumed = await SseClient.open(`${tree.rest.url}/api/v1/logs/${path}?follow=true`, {
      'last-event-id': sse.events.at(-1)?.id ?? '',
    });
    await until(() => resumed.lines.length > 100, 20_000);
    inOrder(
      follower.stdout
        .split('\n')
        .slice(0, -1)
        .map(line => Number(line.slice('number '.length))),
    );
    inOrder(
      json.stdout
        .split('\n')
        .slice(0, -1)
        .map(line => JSON.parse(line).seq),
    );
    inOrder([...sse.lines, ...resumed.lines].map(line => Number.parseInt(line, 10)));
    assert.doesNotMatch(follower.stderr + json.stderr + sse.text + resumed.text, /missing|gap/);
    for (const command of [follower, json]) command.signal('SIGTERM');
    resumed.close();
    frozen.destroy();
  });

  it('are not to be had of a leaf that is away, but may be waited for', async () => {
    await leaf.crash();
    await tree.rest.expect(path, node => node.link === 'lost');
    const from = performance.now();
    const { status, body } = await tree.rest.get(`/api/v1/logs/${path}?follow=true`);
    assert.deepEqual([status, body.code], [503, 'node-unreachable']);
    assert.ok(performance.now() - from < 1000);
    const refused = await run('-f', path);
    assert.deepEqual([refused.code, refused.stdout], [1, '']);
    assert.match(refused.stderr, /^canopy: node-unreachable: /);
    const waiting = start('-f', path, '--wait', '-n', '1');
    const sse = await SseClient.open(`${tree.rest.url}/api/v1/logs/${path}?follow=true&wait=true&tail=1`);
    assert.equal(sse.status, 200);
    await leaf.up();
    await waiting.said(/number \d+\n/);
    await sse.saw(({ lines }) => lines.length > 0, 10_000);
    sse.close();
  });
});

/** Every number once, from the first on. */
function inOrder(numbers: readonly number[]): void {
  const [first = 0] = numbers;
  const wrong = numbers.findIndex((number, at) => number !== first + at);
  assert.equal(wrong, -1, `${numbers.slice(Math.max(0, wrong - 3), wrong + 3)} of ${numbers.length}`);
  assert.equal(first, 1);
}
