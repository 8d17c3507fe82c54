import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../../../broker/link.js';
import type { Origin } from '../../../broker/rules.js';
import type { AuditNote } from '../../../src/core/audit-entry.js';
import { CommandAudit, type Sender } from '../../../src/tree/command-audit.js';
import { resultOf } from './support.js';

const FROM: Origin = { clientId: 'shell', identity: null, who: null, via: 'publish' };
const OWN: Origin = { ...FROM, identity: { name: '', instance: 'x' } };
const ANN: Sender = { by: 'ann', address: '10.0.0.1', via: 'mqtt' };

function open() {
  const notes: AuditNote[] = [];
  const audit = new CommandAudit({ note: each => notes.push(each) }, ({ identity }) =>
    identity ? null : ANN,
  );
  const command = (path: string, fields: object | string, origin = FROM): void => {
    const payload = Buffer.from(typeof fields === 'string' ? fields : JSON.stringify({ v: 1, ...fields }));
    audit.command(path, { topic: `canopy/${path}/cmd`, payload, qos: 1, retain: false } as Message, origin);
  };
  return { audit, notes, command };
}

test('a command is noted when it comes by and when it is over, with whose it was', () => {
  const { audit, notes, command } = open();
  command('rack1/web', { op: 'restart', id: 'a', by: 'somebody else' });
  audit.result('rack1/web', resultOf({ id: 'a', status: 'running', done: false }));
  audit.result('rack1/other', resultOf({ id: 'a' }));
  const error = { code: 'spawn-failed', message: 'x' };
  audit.result('rack1/web', resultOf({ id: 'a', status: 'failed', done: true, error }));
  audit.result('rack1/web', resultOf({ id: 'a' }));
  const note = { ...ANN, path: 'rack1/web', op: 'restart', id: 'a' };
  assert.deepEqual(notes, [
    { ...note, outcome: 'accepted' },
    { ...note, outcome: 'failed', code: 'spawn-failed' },
  ]);
});

test('in words as well, and one that can not be read', () => {
  const { notes, command } = open();
  command('web', 'signal HUP id=w');
  command('web', '{"id":"broken"');
  assert.deepEqual(
    notes.map(({ op, id }) => [op, id]),
    [
      ['signal', 'w'],
      ['unknown', 'broken'],
    ],
  );
});

test('one that is sent here for somebody is his; what the parent or the node itself sends says by whom', () => {
  const { audit, notes, command } = open();
  audit.sending('r', { by: 'bob', address: '10.0.0.2', via: 'rest' });
  command('web', { op: 'stop', id: 'r' }, OWN);
  command('web', { op: 'stop', id: 'p', by: 'keep' }, OWN);
  assert.deepEqual(
    notes.map(({ by, via, address }) => [by, via, address]),
    [
      ['bob', 'rest', '10.0.0.2'],
      ['keep', 'link', ''],
    ],
  );
});

test('what was refused: a command, a message, a client; never what is ordinary', () => {
  const { audit, notes } = open();
  const message = {
    topic: 'canopy/web/cmd',
    payload: Buffer.from('stop id=s'),
    qos: 1,
    retain: false,
  } as Message;
  audit.refused(
    { code: 'not-authorized', reason: 'x', message, clientId: 'c', address: '10.0.0.1:4000' },
    'ann',
  );
  audit.refused({ code: 'not-authorized', reason: 'x', message: { ...message, topic: 'canopy/web/state' } });
  audit.refused({ code: 'bad-credentials', reason: 'x', clientId: 'c', address: '10.0.0.1:4000' });
  audit.refused({ code: 'too-many-clients', reason: 'x', clientId: 'c', address: '::ffff:10.0.0.1:4000' });
  audit.refused({ code: 'stale', reason: 'x', message });
  assert.deepEqual(
    notes.map(({ by, address, via, path, op, outcome }) => [by, address, via, path, op, outcome]),
    [
      ['ann', '10.0.0.1', 'mqtt', 'web', 'stop', 'refused'],
      ['', '', 'link', 'web', 'publish', 'refused'],
      ['c', '10.0.0.1', 'mqtt', null, 'client', 'refused'],
    ],
  );
});

test('of more that never end than are kept, the oldest are let go', () => {
  const { audit, notes, command } = open();
  for (let count = 0; count < 6000; count += 1) command('web', { op: 'x', id: `i${count}` });
  audit.result('web', resultOf({ id: 'i0' }));
  audit.result('web', resultOf({ id: 'i5999' }));
  assert.deepEqual([notes.length, notes.at(-1)?.id], [6001, 'i5999']);
});
