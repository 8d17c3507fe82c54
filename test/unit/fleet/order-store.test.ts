import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StandingOrder } from '../../../src/balance/standing-order.js';
import { OrderStore } from '../../../src/fleet/order-store.js';
import { standingOrder } from '../balance/orders.js';

const order = (app: string, more: Partial<StandingOrder> = {}) => standingOrder({ app, ...more });

test('orders are kept over a restart, one per app and label', t => {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-orders-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'deeper', 'orders.json');
  const store = new OrderStore(file);
  store.set(order('web'));
  store.set(order('web', { count: 3, replacements: ['a/w1'] }));
  store.set(order('web', { label: 'zone=a' }));
  store.set(order('db'));
  assert.equal(store.delete('nobody'), false);
  assert.equal(store.delete('db'), true);
  const again = new OrderStore(file);
  assert.equal(again.problem, null);
  assert.deepEqual(again.all(), [
    order('web', { count: 3, replacements: ['a/w1'] }),
    order('web', { label: 'zone=a' }),
  ]);
});

test('a file that cannot be used is said to be so; an order that cannot be written down is not taken', t => {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-orders-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'orders.json');
  for (const text of [
    '',
    '[',
    '{}',
    '[{"app":"web"}]',
    '[{"app":"web","count":1.5,"strategy":"spread","surplus":"original","lostAfter":1,"replacements":[]}]',
  ]) {
    writeFileSync(file, text);
    const store = new OrderStore(file);
    assert.deepEqual(store.all(), [], text);
    assert.ok(store.problem?.startsWith(file), text);
  }
  const store = new OrderStore(join(dir, 'fresh.json'));
  mkdirSync(join(dir, 'fresh.json.new'));
  assert.throws(() => store.set(order('web')), { code: 'EISDIR' });
  assert.deepEqual(store.all(), []);
});
