/** A log on a machine whose clock is set back by an hour while it is read: real nodes under libfaketime. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { Command } from '../support/cli.js';
import { byClockIn } from '../support/faketime.js';
import { type NodeProcess, startRoot } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import { Rack } from '../support/racks.js';
import { Sandbox } from '../support/sandbox.js';
import { SseClient } from '../support/sse.js';
import { until } from '../support/wait.js';

interface Line {
  readonly seq: number;
  readonly ts: number;
  readonly line: string;
}

const COUNTING = `sh -c 'i=0; while :; do i=$((i+1)); echo "number $i"; sleep 0.05; done'`;
const HOUR_MS = 3_600_000;
const skip = skipWithout('faketime') || (process.platform !== 'linux' && 'needs /proc');

describe('a log whose clock is set back by an hour', { skip }, () => {
  const box = new Sandbox({ after });
  let root: NodeProcess;
  let rack: Rack;
  let follower: SseClient;
  let typed: Command;
  const path = 'far/web';
  const clock = (offset: string): void => writeFileSync(box.path('clock'), offset);
  const url = (query: string): string => `${root.rest.url}/api/v1/logs/${path}?${query}`;
  const lines = async (query: string): Promise<Line[]> => {
    const { body } = await root.rest.raw(`/api/v1/logs/${path}?${query}`, {});
    return body
      .split('\n')
      .filter(Boolean)
      .map((line: string) => JSON.parse(line));
  };
  /** Seq of the first line that was written after the clock was set back. */
  let back = 0;

  before(async () => {
    root = await startRoot(box);
    clock('+0');
    const wrap = byClockIn(box.path('clock'));
    rack = await Rack.up(box, root, { name: 'far', wrap }, [{ name: 'web', target: COUNTING }]);
    await root.rest.expect(path, { status: 'up' });
    await until(async () => (await lines('')).length > 20, 15_000);
    follower = await SseClient.open(url('follow=true'));
    typed = new Command(box, ['logs', '-f', path], { CANOPY_URL: root.rest.url });
    await follower.saw(it => it.lines.length > 20, 15_000);
    await typed.said(/^number 20$/m);
    clock('-1h');
    const isBack = ({ ts }: Line): boolean => ts < Date.now() - HOUR_MS / 2;
    const first = await until(async () => (await lines('')).find(isBack), 15_000, 'the clock is back');
    back = first.seq;
  });

  it('goes on for whoever follows it, in order', async () => {
    await follower.saw(it => it.lines.length > back + 20, 15_000);
    await typed.said(new RegExp(`^number ${back + 20}$`, 'm'));
    const seqs = follower.lines.map(line => Number.parseInt(line, 10));
    assert.deepEqual(
      seqs,
      seqs.map((_, at) => at + 1),
    );
    assert.doesNotMatch(follower.text + typed.stderr, /gap|missing/);
  });

  it('is snapshot in the order of its seqs, the last lines being the last written', async () => {
    const all = await lines('');
    assert.deepEqual(
      all.map(({ seq, line }) => `${seq} ${line}`),
      all.map((_, at) => `${at + 1} number ${at + 1}`),
    );
    const last = await lines('tail=5');
    assert.equal(last.length, 5);
    for (const { seq, ts } of last) assert.ok(seq >= back && ts < Date.now() - HOUR_MS / 2);
  });

  it('has lines by the time that stands at them, whenever they were written', async () => {
    const late = await lines('since=30m');
    assert.deepEqual([late[0]?.seq, late.at(-1)?.seq], [1, back - 1], 'stamped within half an hour');
    const early = await lines('until=30m');
    assert.equal(early[0]?.seq, back, 'stamped before that');
    const both = await lines('since=2h');
    assert.equal(both[0]?.seq, 1);
    assert.ok((both.at(-1)?.seq as number) > back);
    const seqs = both.map(({ seq }) => seq);
    assert.deepEqual(
      seqs,
      seqs.map((_, at) => at + 1),
    );
  });

  it('is followed from a time on: what comes is shown, whatever the clock stamps on it', async () => {
    const [stored] = (await lines('tail=1')) as [Line];
    const cases = ['since=30m', 'since=30m&grep=number&fixed=true', 'since=30m&grep=number'];
    const followers = await Promise.all(cases.map(each => SseClient.open(url(`follow=true&${each}`))));
    for (const each of followers) {
      await each.saw(it => it.lines.length >= back + 20, 20_000);
      const seqs = each.lines.map(line => Number.parseInt(line, 10));
      const coming = seqs.filter(seq => seq >= back);
      const [next = 0] = coming;
      assert.deepEqual(
        seqs.slice(0, back - 1),
        Array.from({ length: back - 1 }, (_, at) => at + 1),
      );
      assert.ok(next > stored.seq, `${next} was not written yet`);
      assert.deepEqual(
        coming,
        coming.map((_, at) => next + at),
      );
      each.close();
    }
  });

  it('goes on over a restart of its nodes, whose epochs rise all the same', async () => {
    const { epoch } = await root.rest.node(path);
    await rack.crash();
    await rack.start();
    const again = await root.rest.expect(path, node => node.status === 'up' && node.epoch !== epoch);
    assert.ok((again.epoch as number) > (epoch as number));
    const { length } = follower.lines;
    await follower.saw(it => it.lines.length > length + 20, 20_000);
    const seqs = follower.lines.map(line => Number.parseInt(line, 10));
    assert.deepEqual(
      seqs,
      seqs.map((_, at) => at + 1),
    );
    follower.close();
    typed.signal('SIGINT');
  });
});
