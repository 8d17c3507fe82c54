/** What goes for age or room goes some at a time: others have their turn meanwhile. */
import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import { Kept, scratch, TestClock } from './support.js';

const MB = 2 ** 20;
/** Entries of about 300 bytes, index included: half of what 500 of them take is far more than one of them. */
const MOST_A_TURN = 500;
const SIZE = 300;

for (const place of ['disk', 'memory'] as const)
  test(`a store far beyond its room, in use, on ${place}: never more than ${MOST_A_TURN} between two turns`, async t => {
    const box = scratch();
    t.after(box.remove);
    const clock = new TestClock();
    const directory = place === 'disk' ? box.path : '/proc/nowhere';
    const full = await Kept.open(directory, clock, { maxBytes: 16 * MB });
    full.state('web');
    for (let event = 0; event < 40_000; event++) {
      full.event('', { path: 'web', reason: 'x'.repeat(100) });
      if (event % 5000 === 4999) await full.history.store.flushed();
    }
    // In memory it can't be opened anew with less room: there all of it has grown too old.
    const node = place === 'disk' ? await reopened(full, directory, clock) : full;
    if (place === 'memory') clock.pass(31 * 86_400_000);
    const { store } = node.history;
    const before = store.meta.bytes;
    assert.ok(before > 8 * MB, `it has ${before}`);
    const stalls = monitorEventLoopDelay({ resolution: 1 });
    let [turns, most, last] = [0, 0, before];
    let isOver = false;
    const turn = (): void => {
      turns += 1;
      most = Math.max(most, last - store.meta.bytes);
      last = store.meta.bytes;
      if (turns % 10 === 0 && turns <= 1000) node.event('', { path: 'web', reason: 'meanwhile' });
      if (!isOver) setImmediate(turn);
    };
    stalls.enable();
    turn();
    store.touch();
    await store.flushed();
    isOver = true;
    stalls.disable();
    assert.ok(store.meta.bytes < MB, `${store.meta.bytes} are left`);
    assert.ok(most < MOST_A_TURN * SIZE * 1.5, `${most} bytes in one turn of ${turns}`);
    t.diagnostic(
      `${Math.round((before - last) / SIZE)} entries gone in ${turns} turns, at most ${Math.round(most / SIZE)} in one; longest stall ${(stalls.max / 1e6).toFixed(0)} ms`,
    );
    await node.close();
  });

async function reopened(full: Kept, directory: string, clock: TestClock): Promise<Kept> {
  await full.close();
  return Kept.open(directory, clock, { maxBytes: MB / 2 });
}
