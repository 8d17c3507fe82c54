import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Registry } from '../../../src/core/registry.js';
import { decode } from '../../../src/protocol/codec.js';
import { completeWill } from '../../../src/tree/wills.js';
import { at } from '../core/support.js';
import { by, message, openBelow, stateOf } from './support.js';

const WILL = { v: 1, epoch: 10, ts: 1, kind: 'leaf', app: 'web', link: 'lost', reason: 'will' } as const;

/** What is known of web after these states, if any. */
function known(...states: Parameters<typeof stateOf>[0][]) {
  const registry = new Registry();
  states.forEach(
    (more, index) => void registry.applyState('web', stateOf({ epoch: 10, ...more }), at(index)),
  );
  return registry.get('web');
}
const cause = (record: ReturnType<typeof known>, via: 'will' | 'keepalive') =>
  completeWill(WILL, record, by(null, via), at(5)).reason;

describe('a will', () => {
  test('says why: the socket died, or the node fell silent; the first cause stands', () => {
    assert.equal(cause(known({}), 'will'), 'will');
    assert.equal(cause(known({}), 'keepalive'), 'timeout');
    assert.equal(cause(undefined, 'will'), 'will');
    assert.equal(cause(known({}, { link: 'lost', reason: 'timeout' }), 'will'), 'timeout');
    assert.equal(cause(known({}, { link: 'lost', reason: 'will' }), 'keepalive'), 'will');
    assert.equal(
      cause(known({ link: 'lost', reason: 'timeout' }, { reason: 'heard again' }), 'will'),
      'will',
    );
  });

  test('has the time at which it fired and the last known facts', () => {
    const record = known({ phase: 'running', health: 'warning', pid: 7 });
    const { ts, phase, health, pid, app, link } = completeWill(WILL, record, by(null, 'will'), at(5));
    assert.deepEqual(
      { ts, phase, health, pid, app, link },
      {
        ts: at(5).now,
        phase: 'running',
        health: 'warning',
        pid: 7,
        app: 'web',
        link: 'lost',
      },
    );
    const ended = known({ phase: 'backoff', exitCode: 3, pid: null });
    assert.deepEqual([completeWill(WILL, ended, by(null, 'will'), at(5)).exitCode], [3]);
  });

  test('of another epoch has no facts of this one', () => {
    const record = known({ epoch: 9, phase: 'running', pid: 7 });
    const { phase, pid, epoch } = completeWill(WILL, record, by(null, 'will'), at(5));
    assert.deepEqual([phase, pid, epoch], [undefined, undefined, 10]);
  });
});

describe('a leaf whose link breaks', () => {
  const dying = async (via: 'abort' | 'close') => {
    const below = await openBelow();
    const { place, registry } = below;
    const will = { ...message('canopy/web/state', WILL, true), qos: 1 as const };
    const leaf = place.broker.link({ name: 'web', instance: 'a', will });
    leaf.publish(message('canopy/web/state', stateOf({ epoch: 10, phase: 'running', pid: 7 }), true));
    await leaf.flush(5000);
    if (via === 'abort') leaf.abort();
    else await leaf.close();
    const said = (await place.said('state')).map(({ value }) => value);
    const [retained] = await place.link.retained('canopy/web/state');
    await place.close();
    return {
      said,
      retained: decode('state', retained?.payload ?? Buffer.alloc(0)),
      record: registry.get('web'),
    };
  };

  test('leaves a completed will, to those who watch and in what is retained', async () => {
    const { said, retained, record } = await dying('abort');
    assert.deepEqual(
      said.map(({ link }) => link),
      ['online', 'lost'],
    );
    assert.deepEqual(retained, said[1]);
    assert.deepEqual([retained.reason, retained.phase, retained.pid], ['will', 'running', 7]);
    assert.notEqual(retained.ts, WILL.ts);
    assert.deepEqual([record?.link, record?.cause], ['lost', 'will']);
  });

  test('leaves nothing where it said goodbye', async () => {
    const { said, record } = await dying('close');
    assert.deepEqual([said.length, record?.link], [1, 'online']);
  });
});
