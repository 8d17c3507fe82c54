/**
 * A target that writes far more than is kept, faster than anybody reads it, while its leaf is killed again and again: no
 * number comes twice, none is out of order, and each line has its own.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { openSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { startLeaf, startRoot } from '../support/nodes.js';
import { Sandbox } from '../support/sandbox.js';
import { sseEvents } from '../support/sse.js';
import { until } from '../support/wait.js';
import { ask, place, storeIn } from '../unit/logs/support.js';

const MIB = 1024 * 1024;
const KEPT = MIB;
/** Reserved ahead of the target on both streams, where no more is kept. */
const RESERVED = 2 * MIB;
const BURSTS = 50;
const BURST = 500_000;
const LINES = BURSTS * BURST;
const KILLS = 4;
const skip = process.platform !== 'linux' && 'a target outlives its leaf on Linux only';

/** Lines that say their own number, 220 MB of them. */
const counting = (pause: string): string => `#!/bin/sh
n=1
while [ $n -le ${LINES} ]; do
  seq $n $((n + ${BURST} - 1))
  n=$((n + ${BURST}))
  ${pause}
done
exec sleep 3600
`;

/** What a follower is told, one after the other. */
class Numbers {
  /** Who begins to follow is owed nothing before the first line there is. */
  next = 0;
  lines = 0;
  gaps = 0;
  /** Where not even counting kept up, numbers were left out that no line had. */
  private isExact = true;
  private text = 0;

  line(seq: number, text: string): void {
    assert.equal(seq, this.next || seq);
    const number = Number(text);
    if (this.isExact) assert.equal(number, seq);
    else assert.ok(number > this.text && number <= seq, `line ${text} has seq ${seq}`);
    this.text = number;
    this.next = seq + 1;
    this.lines += 1;
  }

  gap({ from, to, reason }: { from: number; to: number; reason: string }): void {
    assert.equal(from, this.next || from);
    assert.ok(to >= from);
    if (reason.includes('at most')) this.isExact = false;
    this.next = to + 1;
    this.gaps += 1;
  }

  /** The last line is known by what it says. */
  get isDone(): boolean {
    return this.text === LINES;
  }
}

const blocksIn = (logs: string): number =>
  readdirSync(logs)
    .filter(name => name.startsWith('std'))
    .reduce(
      (sum, name) => sum + (statSync(join(logs, name), { throwIfNoEntry: false })?.blocks ?? 0) * 512,
      0,
    );

describe('a target that outruns its leaf', { skip }, () => {
  const box = new Sandbox({ after });

  it('has each number once, and each line its own, though the leaf is killed -9 again and again', async t => {
    const root = await startRoot(box);
    const script = box.path('count');
    writeFileSync(script, counting('sleep 0.1'), { mode: 0o755 });
    const sizes = { log_max_bytes: KEPT, log_segment_bytes: KEPT / 4, log_capture: 'files' };
    const leaf = await startLeaf(box, root, { name: 'web', target: script, ...sizes });
    const numbers = new Numbers();
    const seen = follow(`${root.rest.url}/api/v1/logs/web?follow=true`, numbers);
    await until(() => numbers.lines > 0, 30_000);
    for (let kill = 1; kill <= KILLS; kill++) {
      const { next } = numbers;
      await leaf.crash();
      await leaf.up();
      await until(() => numbers.next > next, 30_000);
    }
    await seen;
    t.diagnostic(`${numbers.lines} lines, ${numbers.gaps} gaps`);
    assert.ok(numbers.gaps > 0);
    const logs = join(leaf.dataDir, 'logs');
    await until(() => blocksIn(logs) <= KEPT + RESERVED, 10_000, 'what was dropped is given back');
  });

  it('takes no room for what it has written, and is told of as full by nobody', (t: TestContext) =>
    unhindered(t));
});

async function follow(url: string, numbers: Numbers): Promise<void> {
  const cut = new AbortController();
  for await (const { event, data } of sseEvents(url, cut.signal)) {
    if (event === 'gap') numbers.gap(data.gap);
    else assert.equal(event, 'log', JSON.stringify(data));
    for (const { seq, line } of event === 'log' ? data.lines : []) numbers.line(seq, line);
    if (numbers.isDone) break;
  }
  cut.abort();
}

async function unhindered(t: TestContext): Promise<void> {
  const dir = place(t);
  const store = storeIn(dir, { segmentBytes: KEPT / 4, maxBytes: KEPT });
  const news: string[] = [];
  store.onNews(({ reason }) => news.push(reason));
  store.open();
  const { stdout } = store.outputs();
  store.began();
  store.start();
  t.after(() => store.stop());
  const target = spawn('sh', ['-c', counting('')], { stdio: ['ignore', openSync(stdout, 'a'), 'ignore'] });
  t.after(() => target.kill('SIGKILL'));
  let most = 0;
  const isDone = (): boolean => {
    most = Math.max(most, blocksIn(dir));
    return statSync(stdout).size > 200e6 && store.range.last >= LINES;
  };
  await until(isDone, 120_000, 'all is indexed');
  t.diagnostic(
    `${(statSync(stdout).size / 1e6).toFixed(0)} MB were written, ${(most / 1e6).toFixed(0)} MB taken at most`,
  );
  await until(() => blocksIn(dir) <= KEPT + RESERVED, 10_000, 'what was dropped is given back');
  // What it writes between two looks depends on who else is at work.
  assert.ok(most < statSync(stdout).size / 2, `${most} bytes`);
  assert.deepEqual(news, []);
  const { lines } = await ask(store, { tail: 1000 });
  assert.equal(lines.at(-1)?.text, String(LINES));
  if (store.range.last === LINES) for (const { seq, text } of lines) assert.equal(Number(text), seq);
}
