/** What a target writes is kept, whatever becomes of its leaf and its disk. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../../src/core/clock.js';
import { LogStore } from '../../src/logs/store.js';
import { fillBeside, mountSmall } from '../support/full-disk.js';
import { startLeaf, startRoot } from '../support/nodes.js';
import { mulberry, seedOf } from '../support/random.js';
import { Sandbox } from '../support/sandbox.js';
import { outputOf } from '../support/targets.js';
import { until } from '../support/wait.js';
import { ask, type Line } from '../unit/logs/support.js';

const skip = process.platform !== 'linux' && 'needs /proc';
/** As fast as a shell can, on both streams. */
const COUNTING = `sh -c 'i=0; while :; do i=$((i+1)); echo "out $i"; echo "err $i" >&2; done'`;
const SLOWLY = `sh -c 'i=0; while :; do i=$((i+1)); echo "out $i"; sleep 0.01; done'`;

/** Of a leaf that is gone. */
async function storeOf(dataDir: string): Promise<LogStore> {
  const store = new LogStore({
    dir: join(dataDir, 'logs'),
    segmentBytes: 8 * 1024 * 1024,
    maxBytes: 1024 * 1024 * 1024,
    maxAgeMs: null,
    capture: 'files',
    clock: systemClock,
  });
  store.open();
  return store;
}

function assertCounts(lines: readonly Line[], stream: string): void {
  const texts = lines.filter(line => line.stream === stream).map(({ text }) => text);
  const prefix = stream === 'stdout' ? 'out' : 'err';
  texts.forEach((text, at) => {
    assert.equal(text, `${prefix} ${at + 1}`);
  });
  assert.ok(texts.length > 1000, `${texts.length} lines on ${stream}`);
}

describe('the log of a target', { skip }, () => {
  it('has each line once and in order though its leaf is killed -9 in the middle, again and again', async t => {
    const box = new Sandbox(t);
    const seed = seedOf(process.env);
    t.diagnostic(`SEED=${seed}`);
    const random = mulberry(seed);
    const root = await startRoot(box);
    const leaf = await startLeaf(box, root, { name: 'web', target: COUNTING, log_segment_bytes: '256K' });
    const { pid } = await root.rest.expect('web', it => it.pid !== null && it.status === 'up');
    for (let round = 0; round < 5; round++) {
      await pause(50 + random() * 400);
      await leaf.crash();
      await pause(random() * 200);
      await leaf.up();
    }
    await root.rest.expect('web', it => it.pid === pid && it.link === 'online');
    await leaf.stop();
    const store = await storeOf(leaf.dataDir);
    const { lines, items } = await ask(store);
    lines.forEach(({ seq }, at) => {
      assert.equal(seq, at + 1);
    });
    for (const stream of ['stdout', 'stderr']) assertCounts(lines, stream);
    assert.deepEqual(items.at(-1), { kind: 'end', first: 1, last: lines.length });
    await store.stop();
    assert.equal(store.range.last, lines.length, 'the last lines were indexed at the stop');
  });

  it('goes through FIFOs, which outlive the leaf as well', async t => {
    const box = new Sandbox(t);
    const root = await startRoot(box);
    const leaf = await startLeaf(box, root, { name: 'web', target: SLOWLY, log_capture: 'fifos' });
    const { pid } = await root.rest.expect('web', it => it.pid !== null && it.status === 'up');
    await until(() => /^out 20$/m.test(outputOf(leaf.dataDir)));
    await leaf.crash();
    await pause(100);
    await leaf.up();
    await root.rest.expect('web', it => it.pid === pid && it.link === 'online');
    const seen = (): number => outputOf(leaf.dataDir).split('\n').length;
    const before = seen();
    await until(() => seen() > before + 50);
    await leaf.stop();
    const { lines } = await ask(await storeOf(leaf.dataDir));
    assert.equal(lines.at(-1)?.text.startsWith('out '), true);
    assert.deepEqual(
      lines.map(({ seq }) => seq),
      lines.map((_, at) => at + 1),
    );
  });

  it('makes room on a full disk, says so, and never troubles its target', async t => {
    const box = new Sandbox(t);
    const data_dir = mountSmall(t, '64m');
    if (data_dir === null) return t.skip('needs to mount a tmpfs');
    const root = await startRoot(box);
    const target = `sh -c 'i=0; while :; do i=$((i+1)); echo "number $i $(printf %0500d 0)" || exit 7; done'`;
    const leaf = await startLeaf(box, root, { name: 'web', target, data_dir, log_max_bytes: '1G' });
    const { pid } = await root.rest.expect('web', it => it.pid !== null && it.status === 'up');
    await until(() => outputOf(data_dir).includes('number 2000 '), 10_000);
    fillBeside(data_dir);
    await until(() => leaf.count(/the disk is full/) > 0, 15_000, 'it says that the disk is full');
    await pause(500);
    rmSync(join(data_dir, 'filler'));
    await until(() => leaf.count(/there is room on the disk again/) > 0, 15_000, 'it says that it is over');
    await root.rest.expect('web', it => it.pid === pid && it.status === 'up');
    await leaf.stop();
    const { lines } = await ask(await storeOf(data_dir));
    assert.ok((lines[0]?.seq ?? 0) > 1);
    for (const { seq, text } of lines) assert.equal(text.split(' ')[1], String(seq));
  });
});
