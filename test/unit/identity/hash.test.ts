import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import { test } from 'node:test';
import { COST, fitsHash, hashSecret, isHash } from '../../../src/identity/hash.js';
import { cheapHash } from './support.js';

test('fits its own secret alone, and is another one each time', async () => {
  const hash = await hashSecret('sesame');
  assert.equal(await fitsHash('sesame', hash), true);
  for (const wrong of ['', 'Sesame', 'sesame ', 'sesam']) assert.equal(await fitsHash(wrong, hash), false);
  assert.notEqual(await cheapHash('sesame'), await cheapHash('sesame'));
  assert.ok(!hash.includes('sesame'));
});

test('costs what OWASP asks for, and says so in itself', async () => {
  const hash = await hashSecret('sesame');
  const [, ln, r, p, salt = '', key] =
    /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$(.{22})\$(.{43})$/.exec(hash) ?? [];
  assert.deepEqual([ln, r, p].map(Number), [COST.ln, COST.r, COST.p]);
  assert.ok(2 ** COST.ln * COST.r * COST.p >= 2 ** 14 * 8 * 5);
  const again = scryptSync('sesame', Buffer.from(salt, 'base64'), 32, { N: 2 ** 14, r: 8, p: 5 });
  assert.equal(again.toString('base64').replaceAll('=', ''), key);
});

test('one that asks for more than is sane, or is none, fits nothing', async () => {
  const good = await cheapHash('x');
  const rest = good.slice(good.lastIndexOf('$', good.length - 44));
  const bad = ['', '$', good.slice(1), `${good}A`, good.slice(0, -1), good.replace('scrypt', 'argon2id')];
  const dear = [
    'ln=18,r=8,p=1',
    'ln=99,r=8,p=1',
    'ln=14,r=9,p=1',
    'ln=14,r=8,p=11',
    'ln=0,r=8,p=1',
    'ln=14,r=0,p=1',
    'ln=16,r=1,p=1',
  ];
  assert.ok(isHash(good));
  for (const text of [...bad, ...dear.map(cost => `$scrypt$${cost}${rest}`)]) {
    assert.equal(isHash(text), false, text);
    assert.equal(await fitsHash('x', text), false, text);
  }
  assert.equal(
    await fitsHash('x'.repeat(1025), await cheapHash('x'.repeat(1025))),
    false,
    'too long to look at',
  );
});
