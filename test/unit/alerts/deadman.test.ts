import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DeadMan, type DeadManOptions } from '../../../src/alerts/deadman.js';
import { Receiver } from '../../support/receiver.js';
import { TestClock } from '../node/support.js';

const hook = new Receiver({ after });
before(() => hook.listen());

function dead(more: Partial<DeadManOptions> = {}) {
  const said: string[] = [];
  const published: string[] = [];
  const note = (_fields: object, message: string): void => void said.push(message);
  const man = new DeadMan({
    name: 'root',
    url: hook.url,
    method: 'GET',
    topic: 'dead/man',
    intervalMs: 1000,
    link: { publish: ({ topic }) => void published.push(topic) },
    clock: new TestClock(),
    ailment: () => null,
    log: { warn: note, info: note },
    ...more,
  });
  return { man, said, published };
}

test('beats to the address and the topic', async () => {
  const { man, said, published } = dead();
  await man.beat();
  const posting = dead({ method: 'POST', topic: null });
  await posting.man.beat();
  assert.deepEqual(
    hook.taken.map(({ method, body }) => [method, body?.from]),
    [
      ['GET', undefined],
      ['POST', 'root'],
    ],
  );
  assert.deepEqual([said, published], [[], ['dead/man']]);
  assert.deepEqual(
    [...man.counts],
    [
      ['topic ok', 1],
      ['url ok', 1],
    ],
  );
});

test('a failure is said once, and its end; each is counted', async () => {
  const { man, said } = dead({ topic: null });
  hook.first.push(500, 500, 200);
  for (let beat = 0; beat < 3; beat++) await man.beat();
  assert.deepEqual(said, ['the dead man: deadman_url answered 500', 'the dead man beats again']);
  assert.equal(man.counts.get('url failed'), 2);
});

test('a node that is not well does not beat', async () => {
  const before = hook.taken.length;
  const { man, said, published } = dead({ ailment: () => 'its own heartbeats do not come' });
  await man.beat();
  await man.beat();
  assert.deepEqual(
    [hook.taken.length, published, said],
    [before, [], ['the dead man: no beat: its own heartbeats do not come']],
  );
  assert.equal(man.counts.get('unwell'), 2);
});
