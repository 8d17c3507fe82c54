/**
 * A target counts as fast as it can while its leaf and the relay above are killed again and again: a follower at the root
 * sees every number once and in order. CANOPY_TEST_LINES=10000000 for more of them.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { deepTree } from '../support/nodes.js';
import { Sandbox } from '../support/sandbox.js';
import { sseEvents } from '../support/sse.js';
import { until } from '../support/wait.js';

const LINES = Number(process.env.CANOPY_TEST_LINES ?? 300_000);
const BURSTS = 100;
const LEAF_KILLS = 10;
const RELAY_KILLS = 2;
const skip = process.platform !== 'linux' && 'a target outlives its leaf on Linux only';

/** In bursts, so that it still counts when the last kill comes. */
const COUNTING = `#!/bin/sh
n=1
while [ $n -le ${LINES} ]; do
  seq $n $((n + ${LINES / BURSTS} - 1))
  n=$((n + ${LINES / BURSTS}))
  sleep 0.1
done
exec sleep 3600
`;

describe('a log while everything on its way is killed', { skip }, () => {
  const box = new Sandbox({ after });

  it(`has each of ${LINES} lines once and in order`, async () => {
    const tree = await deepTree(box);
    const script = box.path('count');
    writeFileSync(script, COUNTING, { mode: 0o755 });
    const web = await tree.leaf({ name: 'web', target: script, log_max_bytes: 4 * 2 ** 30 });
    const follower = new Follower(`${tree.rest.url}/api/v1/logs/rack1/rack2/web?follow=true`);
    const seen = follower.count();
    await until(() => follower.last > 0);
    for (let kill = 1; kill <= LEAF_KILLS; kill++) {
      await web.crash();
      await web.up();
      if (kill % (LEAF_KILLS / RELAY_KILLS) !== 0) continue;
      await tree.rack2.crash();
      await tree.rack2.up();
    }
    assert.equal(await seen, LINES);
  });
});

class Follower {
  last = 0;

  constructor(private readonly url: string) {}

  /** Follows to the last number. Throws where one is missing, comes twice or out of order. */
  async count(): Promise<number> {
    const cut = new AbortController();
    for await (const { event, data } of sseEvents(this.url, cut.signal)) {
      assert.equal(event, 'log', `after ${this.last}: ${JSON.stringify(data)}`);
      for (const { seq, line } of data.lines as { seq: number; line: string }[]) {
        if (Number(line) !== this.last + 1 || seq !== this.last + 1)
          throw new Error(`after ${this.last} came ${line} with seq ${seq}`);
        this.last += 1;
      }
      if (this.last >= LINES) break;
    }
    cut.abort();
    return this.last;
  }
}
