import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CHANNELS } from '../../../src/core/names.js';
import { clientIdOf, identify } from '../../../src/protocol/identity.js';
import { arbName } from '../core/support.js';

test('a client id says the name and the installation', () => {
  const arbInstance = fc.stringMatching(/^[0-9a-f]{8,32}$/);
  fc.assert(
    fc.property(arbName, arbInstance, (name, instance) =>
      assert.deepEqual(identify(clientIdOf(name, instance)), { name, instance }),
    ),
  );
});

test('anything else is a stranger, never somebody else', () => {
  const strangers = [
    '',
    'web',
    'canopy',
    'canopy/web',
    'canopy/web/',
    'canopy/web/0123456', // too short
    `canopy/web/${'0'.repeat(33)}`,
    'canopy/web/0123456789ABCDEF',
    'canopy/web/0123456789abcdef\n',
    'canopy/rack1/web/0123456789abcdef',
    'canopy//0123456789abcdef',
    'canopy/a b/0123456789abcdef',
    'Canopy/web/0123456789abcdef',
    'xcanopy/web/0123456789abcdef',
    ...CHANNELS.map(channel => `canopy/${channel}/0123456789abcdef`),
  ];
  for (const id of strangers) assert.equal(identify(id), null, JSON.stringify(id));
});
