import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Presence } from '../../../src/cli/log-presence.js';
import type { NodeView } from '../../../src/rest/views.js';

const node = (path: string, more: Partial<NodeView> = {}): NodeView =>
  ({
    path,
    link: 'online',
    status: 'up',
    cause: null,
    blockedBy: null,
    reason: 'started',
    ...more,
  }) as NodeView;

test('who cannot be heard any more is told once, and once that it is back', () => {
  const told: string[] = [];
  const presence = new Presence(words => told.push(words));
  const look = (...nodes: NodeView[]): string[] => {
    presence.look(nodes);
    return told.splice(0);
  };
  const lost = node('web', { link: 'lost', status: 'down', cause: 'will' });
  const behind = node('rack1/api', { status: 'unreachable', blockedBy: 'rack1' });
  assert.deepEqual(look(node('web'), node('rack1/api')), []);
  assert.deepEqual(look(lost, behind), [
    'web: cannot be reached now: its connection broke (will)',
    'rack1/api: cannot be reached now: behind rack1',
  ]);
  assert.deepEqual(look(lost, behind), []);
  assert.deepEqual(look(node('web', { status: 'stopped', phase: 'stopped' }), behind), ['web: is back']);
  assert.deepEqual(look(node('web', { link: 'offline', status: 'stopped', reason: null })), [
    'web: cannot be reached now: it is stopped',
  ]);
});

test('what has been told already is not told again, but that it is back is', () => {
  const told: string[] = [];
  const presence = new Presence(words => told.push(words));
  presence.isAway('web');
  presence.look([node('web', { link: 'lost', status: 'down', cause: 'timeout' })]);
  assert.deepEqual(told, []);
  presence.look([node('web')]);
  assert.deepEqual(told, ['web: is back']);
});
