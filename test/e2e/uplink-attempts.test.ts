/** How often a node tries to reach a parent that is gone. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, it } from 'node:test';
import { QUICK, startLeaf, startRoot } from '../support/nodes.js';
import { Sandbox } from '../support/sandbox.js';
import { STEADY } from '../support/targets.js';
import { until } from '../support/wait.js';

const box = new Sandbox({ after });

// A parent that was killed and is back waits for its children for as long as for a heartbeat: who tries less often is told as lost.
it('a leaf goes on trying as often as it beats, so that a restart of its parent is no loss of it', async t => {
  const root = await startRoot(box);
  const leaf = await startLeaf(box, root, { name: 'web', target: STEADY });
  await root.rest.expect('web', { status: 'up' });
  await root.crash();
  const attempts: number[] = [];
  const refusing = createServer(socket => {
    attempts.push(performance.now());
    socket.on('error', () => {}).destroy();
  });
  refusing.listen(root.port, '127.0.0.1');
  t.after(() => refusing.close());
  await until(() => attempts.length >= 15, 30_000, 'it goes on trying');
  const gaps = attempts.slice(1).map((at, index) => at - (attempts[index] as number));
  const middle = gaps.slice(7).toSorted((a, b) => a - b)[3] as number;
  assert.ok(middle <= QUICK.hb_interval * 1000 + 100, `${Math.round(middle)} ms between two, as a rule`);
  refusing.close();
  await root.up();
  await root.rest.expect('web', { status: 'up' });
  await leaf.stop();
});
