import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Registry } from '../../../src/core/registry.js';
import { Ingest } from '../../../src/tree/ingest.js';
import { standing } from '../../../src/tree/standing.js';
import { beatOf, by, message, stateOf, TestClock } from './support.js';

test('a node is believed about itself and below, the owner about all, a stranger about who is not connected', () => {
  const held = (name: string) => name === 'rack1' || name === 'web';
  const cases: [path: string, who: string | null, may: boolean][] = [
    ['rack1', 'rack1/a', true],
    ['rack1/web', 'rack1/a', true],
    ['rack10', 'rack1/a', true], // nobody there to contradict; the broker refuses it before
    ['web', 'rack1/a', false],
    ['web', '/', true],
    ['', '/', true],
    ['', 'rack1/a', false],
    ['', null, false],
    ['web', null, false],
    ['rack1/web', null, false],
    ['gone', null, true],
    ['gone/web', null, true],
  ];
  for (const [path, who, may] of cases)
    assert.equal(
      standing(path, by(who), held)?.code ?? null,
      may ? null : 'not-authorized',
      `${who}: ${path}`,
    );
});

describe('installations', () => {
  function door() {
    const registry = new Registry();
    const ingest = new Ingest(registry, new TestClock(), () => false);
    const send = (channel: string, value: unknown, who: string | null, via?: 'will') => {
      const answer = ingest.receive(message(`canopy/web/${channel}`, value), by(who, via));
      return 'code' in answer ? answer.code : 'passed';
    };
    return { registry, send };
  }

  test('a new one begins anew, whatever epoch was known before', () => {
    const { registry, send } = door();
    assert.equal(send('state', stateOf({ epoch: 9000 }), 'web/a'), 'passed');
    assert.equal(send('state', stateOf({ epoch: 8000 }), 'web/a'), 'stale');
    assert.equal(send('state', stateOf({ epoch: 50 }), 'web/b'), 'passed');
    assert.equal(registry.get('web')?.epoch, 50);
    assert.equal(send('hb', beatOf({ epoch: 50, seq: 1 }), 'web/b'), 'passed');
  });

  test('an epoch that a stranger made up does not stand against the node itself', () => {
    const { registry, send } = door();
    assert.equal(send('state', stateOf({ epoch: Number.MAX_SAFE_INTEGER }), null), 'passed');
    assert.equal(send('state', stateOf({ epoch: 50 }), 'web/a'), 'passed');
    assert.equal(registry.get('web')?.epoch, 50);
  });

  test('the will of one that was replaced says nothing of its successor', () => {
    const { registry, send } = door();
    send('state', stateOf({ epoch: 10 }), 'web/a');
    send('state', stateOf({ epoch: 5 }), 'web/b');
    const will = stateOf({ epoch: 10, link: 'lost', reason: 'will' });
    assert.equal(send('state', will, 'web/a', 'will'), 'stale');
    assert.equal(registry.get('web')?.link, 'online');
    assert.equal(send('state', { ...will, epoch: 5 }, 'web/b', 'will'), 'passed');
    assert.equal(registry.get('web')?.link, 'lost');
  });
});

test('there is a bound to the nodes that are kept track of, and those known go on', () => {
  const registry = new Registry();
  const ingest = new Ingest(registry, new TestClock(), () => false);
  const send = (path: string, seq: number) => {
    const answer = ingest.receive(message(`canopy/${path}/hb`, beatOf({ seq })), by());
    return 'code' in answer ? answer.code : 'passed';
  };
  const at = { now: 0, mono: 0 };
  for (let known = 0; known < 50_000; known++) registry.applyBeat(`n${known}`, beatOf({ seq: 1 }), at);
  assert.equal(send('one-more', 1), 'tree-full');
  assert.equal(send('n7', 2), 'passed');
  registry.forget('n8');
  assert.equal(send('one-more', 1), 'passed');
});
