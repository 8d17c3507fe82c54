import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessOf } from '../../../src/cli/access.js';
import { RestClient } from '../../../src/cli/client.js';
import { cliAccess } from '../../../src/config/environment.js';

test('a token is sent by https, or on this machine, and nowhere in the clear', () => {
  const cases: [string, boolean][] = [
    ['https://rack1:8443', true],
    ['http://127.0.0.1:8004', true],
    ['http://[::1]:8004', true],
    ['http://localhost:8004', true],
    ['http://rack1:8004', false],
    ['http://10.0.0.1:8004', false],
  ];
  for (const [url, isSent] of cases) {
    const open = (): RestClient => new RestClient(url, { token: 'cnpy_x' });
    if (isSent) assert.equal(open().url, url);
    else assert.throws(open, /expected https, for a token is not sent in the clear/);
    assert.equal(new RestClient(url).url, url, 'without one, anything goes');
  }
});

test('where a token and authorities come from; empty values are none', () => {
  assert.deepEqual(cliAccess({ CANOPY_TOKEN: ' t ', CANOPY_CA: '', CANOPY_TOKEN_FILE: ' ' }), { token: 't' });
  assert.throws(() => accessOf({ tokenFile: '/nowhere' }), /--token-file: expected a file that can be read/);
});
