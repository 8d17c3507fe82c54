import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressKey, plainAddress } from '../../../src/core/remote-address.js';

test('an address without its port, as what it is', () => {
  const rows: [given: string | undefined, plain: string][] = [
    [undefined, ''],
    ['10.0.0.1', '10.0.0.1'],
    ['10.0.0.1:40000', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1:40000', '10.0.0.1'],
    ['::1', '::1'],
    ['[2001:db8::1]:1883', '2001:db8::1'],
  ];
  for (const [given, plain] of rows) assert.equal(plainAddress(given), plain);
});

test('of IPv6 the first 64 bits count', () => {
  const rows: [given: string, key: string][] = [
    ['', ''],
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::FFFF:10.1.2.3', '10.1.2.3'],
    ['2001:DB8:1:2::9', '2001:db8:1:2'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2:ffff::', '2001:db8:1:2'],
    ['2001:0db8:0001:0002::9', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
  ];
  for (const [given, key] of rows) assert.equal(addressKey(given), key, given);
});
