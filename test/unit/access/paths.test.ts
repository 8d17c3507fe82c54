import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkMayCommand, commandOf, signed } from '../../../src/access/commands.js';
import { mayAdminister, mayCommand, mayRead } from '../../../src/access/paths.js';
import type { PersonRole, Principal } from '../../../src/core/principal.js';
import { MalformedPayload } from '../../../src/protocol/codec.js';
import { decodeCommand } from '../../../src/protocol/commands.js';

const person = (role: PersonRole, under: string): Principal => ({ kind: 'person', name: 'ann', role, under });
const PATHS = ['', 'r', 'r/a', 'r/a/b', 's', 'rr', 's/r'];
const WITHIN = ['r', 'r/a', 'r/a/b'];

const asked = (who: Principal, path: string): boolean[] => [
  mayRead(who, path),
  mayCommand(who, path, 'restart'),
  mayCommand(who, path, 'forget'),
  mayAdminister(who, path),
];

test('each role includes the one before, and ends with its subtree', () => {
  const roles: Record<PersonRole, boolean[]> = {
    viewer: [true, false, false, false],
    operator: [true, true, false, false],
    admin: [true, true, true, true],
  };
  const nothing = [false, false, false, false];
  for (const [role, may] of Object.entries(roles) as [PersonRole, boolean[]][])
    for (const path of PATHS) {
      assert.deepEqual(asked(person(role, ''), path), may, `${role} of all at "${path}"`);
      assert.deepEqual(
        asked(person(role, 'r'), path),
        WITHIN.includes(path) ? may : nothing,
        `${role} at "${path}"`,
      );
    }
});

test('where nobody is asked who he is, anyone may; a node has nothing to ask for', () => {
  for (const path of PATHS) {
    assert.deepEqual(asked({ kind: 'anyone' }, path), [true, true, true, true]);
    assert.deepEqual(asked({ kind: 'node', name: 'r', is: 'relay' }, path), [false, false, false, false]);
    assert.deepEqual(asked({ kind: 'joining', name: 'r' }, path), [false, false, false, false]);
  }
});

test('a command of somebody who is known goes on under his name, whatever it claims', () => {
  const ann = person('operator', 'r');
  for (const text of [
    'restart',
    'restart by=root',
    '{"op":"restart","by":"root"}',
    '{"v":1,"op":"restart"}',
  ]) {
    const { op, by } = decodeCommand(commandOf(ann, 'r/a', Buffer.from(text)));
    assert.deepEqual([op, by], ['restart', 'ann'], text);
  }
  const { id } = decodeCommand(commandOf(ann, 'r', Buffer.from('{"op":"stop","id":"mine"}')));
  assert.equal(id, 'mine');
  assert.deepEqual(signed(ann, { op: 'stop', by: 'root' }), { op: 'stop', by: 'ann' });
  assert.deepEqual(signed({ kind: 'anyone' }, { op: 'stop', by: 'root' }), { op: 'stop', by: 'root' });
  const payload = Buffer.from('restart by=root');
  assert.equal(commandOf({ kind: 'anyone' }, 'r', payload), payload);
});

test('what a role does not have is refused by name, and what can’t be read goes no further', () => {
  assert.throws(() => commandOf(person('operator', 'r'), 'r', Buffer.from('forget path=a')), {
    code: 'not-authorized',
    message: 'the operator ann may not command "forget" at "r"',
  });
  assert.doesNotThrow(() => commandOf(person('admin', 'r'), 'r', Buffer.from('forget path=a')));
  assert.throws(() => commandOf(person('admin', 'r'), 'r', Buffer.from('{"op":')), MalformedPayload);
  assert.throws(() => checkMayCommand(person('viewer', ''), 'r', 'ping'), { code: 'not-authorized' });
});
