/** What nodes below may make of the alerts of this one: of theirs, and not of others'. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AlertWord, heardFrom, toldOf } from '../../../src/alerts/hand-over.js';
import { inWords } from '../../../src/alerts/message.js';
import type { Alert, Notice } from '../../../src/core/alert.js';
import { NO_ALERTS } from '../../../src/core/alert.js';
import type { Kind } from '../../../src/core/facts.js';
import { decode, encode } from '../../../src/protocol/codec.js';
import type { NodeEvent } from '../../../src/protocol/payloads.js';
import { rule, World } from './support.js';

const KINDS: Readonly<Record<string, Kind>> = { rack1: 'relay', 'rack1/web': 'leaf', edge: 'leaf' };
const kindOf = (path: string) => KINDS[path];

/** One that a relay has told of `web` below it. */
function told(): Alert {
  const relay = new World({ ...NO_ALERTS, rules: [rule({ forMs: 0, name: 'mine' })] }, 'rack1');
  relay.set('edge', { own: 'down' });
  relay.look();
  return (relay.notices[0] as Notice).alert;
}
const word = (more: Partial<AlertWord> = {}): AlertWord => ({
  ...{ to: 'handed-over', path: 'web', reason: 'why', alert: toldOf(told()) },
  ...more,
});

test('a relay is believed of nodes below it that are known, nobody else, and of nothing else', () => {
  const heard = heardFrom('rack1', word(), kindOf);
  assert.deepEqual(heard?.is === 'handed-over' && [heard.alert.path, heard.alert.owner], [
    'rack1/web',
    'above',
  ]);
  const { alert: _, ...without } = word();
  const cases: [teller: string, AlertWord][] = [
    ['edge', word()],
    ['edge', word({ to: 'resolved' })],
    ['nobody', word()],
    ['', word()],
    ['rack1', { to: 'handed-over', reason: 'of itself', alert: toldOf(told()) }],
    ['rack1', word({ path: 'made-up' })],
    ['rack1', word({ path: '../edge' })],
    ['rack1', word({ to: 'firing' })],
    ['rack1', without],
  ];
  for (const [teller, said] of cases)
    assert.equal(heardFrom(teller, said, kindOf), null, `${teller} ${JSON.stringify(said)}`);
});

test('what is over ends by the relay above it, and by no other', () => {
  const world = World.of(rule({ forMs: 0 }));
  world.set('rack1/web', { own: 'down' });
  world.set('edge', { own: 'down' });
  world.look();
  const ids = world.notices.map(({ alert }) => alert.id);
  for (const id of ids) world.take({ kind: 'closed', id, relay: 'rack' });
  assert.equal(world.model.open.size, 2);
  for (const id of ids) world.take({ kind: 'closed', id, relay: 'rack1' });
  assert.deepEqual(
    [...world.model.open.values()].map(({ alert }) => alert.path),
    ['edge'],
  );
});

const below = (alert: Alert): Alert => ({ ...alert, path: 'rack1/web', owner: 'above' });

test('by a rule that is none here it goes on by one that is like it, as one outage', () => {
  const root = World.of(rule({ forMs: 5000, to: ['a', 'b'] }));
  root.set('rack1/web', { own: 'down' });
  root.look();
  const alert = below(told());
  root.take({ kind: 'adopt', alert, duty: { is: 'all' } });
  root.pass(30);
  assert.deepEqual(root.said, [], 'it was told below');
  root.set('rack1/web', { own: 'up' });
  root.look();
  assert.deepEqual(
    root.notices.map(({ key, to, alert: { rule: name } }) => [key, to, name]),
    ['a', 'b'].map(to => [`${alert.id}:resolved`, to, 'node-down']),
  );
});

test('where no rule is like it, it is over when the node is well, and not before', () => {
  const receivers = [{ name: 'a', kind: 'mqtt', topic: 't', qos: 1, retain: false } as const];
  const root = new World({ rules: [rule({ statuses: ['late'], name: 'other' })], receivers });
  root.set('rack1/web', { own: 'down' });
  root.look();
  root.take({ kind: 'adopt', alert: below(told()), duty: { is: 'all' } });
  root.pass(5);
  assert.deepEqual(root.said, []);
  root.set('rack1/web', { own: 'up' });
  root.look();
  assert.deepEqual(
    root.notices.map(({ to, kind, because }) => [to, kind, because]),
    [['a', 'resolved', 'up']],
  );
});

test('an event whose id, rule or severity would do harm in a header or an environment is none', () => {
  const event = (more: object): Buffer => {
    const alert = { ...toldOf(told()), ...more };
    const head = { v: 1, epoch: 1, seq: 1, ts: 1, event: 'alert', reason: 'why' } as const;
    return encode('evt', { ...head, to: 'handed-over', path: 'web', alert } as NodeEvent);
  };
  assert.equal(decode('evt', event({})).to, 'handed-over');
  for (const bad of [
    { id: 'a\r\nx: y' },
    { id: 'ü' },
    { rule: 'a\0b' },
    { rule: '' },
    { severity: 'a\0b' },
    { severity: '$(x)' },
  ])
    assert.throws(() => decode('evt', event(bad)), { code: 'bad-payload' }, JSON.stringify(bad));
});

test('what a node gives for a reason stays on the line of its own message', () => {
  const [notice] = (() => {
    const world = World.of(rule({ forMs: 0 }));
    world.set('edge', { own: 'down' });
    world.look();
    return world.notices as [Notice];
  })();
  const reason = 'x\nresolved: db is no longer down\u2028\u202e';
  const said = inWords({ ...notice, alert: { ...notice.alert, reason } });
  assert.equal(said, 'critical: edge is down (x resolved: db is no longer down ) [node-down]');
});
