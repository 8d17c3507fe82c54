import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EmbeddedBroker } from '../../../broker/embedded.js';
import { LinkError } from '../../../broker/link.js';
import { LocalParent } from '../../../broker/local-parent.js';
import { believing, collect, identify, inState, message, RULES, texts } from '../../support/broker.js';
import { RawClient } from '../../support/raw-mqtt.js';
import { until } from '../../support/wait.js';

const unopened = (): Promise<EmbeddedBroker> =>
  EmbeddedBroker.create({
    host: '127.0.0.1',
    port: 0,
    rules: RULES,
    identify,
    ...believing(),
    admit: message => message,
    onRefused: () => {},
  });

test('what was said before the broker was there is heard by those that came first, in order', async t => {
  const parent = new LocalParent();
  const link = parent.link({ name: 'web', instance: 'one' });
  for (const text of ['starting', 'running']) link.publish(message('canopy/web/state', text));
  const got: string[] = [];
  const subscribed = link.subscribe(['canopy/web/cmd'], ({ payload }) => got.push(`${payload}`));
  assert.equal(link.state, 'connecting');
  const broker = await unopened();
  t.after(() => broker.close());
  const own = broker.link({ name: '', instance: 'own' });
  const heard = await collect(own, 'canopy/web/#');
  parent.open(broker);
  await inState(link, 'connected');
  await subscribed;
  await until(() => heard.length === 2);
  assert.deepEqual(texts(heard), ['starting', 'running']);
  own.publish(message('canopy/web/cmd', 'ping'));
  await until(() => got.length === 1);
});

test('its name is its own before anybody can come for it; one that was closed meanwhile wants none', async t => {
  const parent = new LocalParent();
  parent.link({ name: 'web', instance: 'one' });
  await parent.link({ name: 'db', instance: 'one' }).close();
  const broker = await unopened();
  t.after(() => broker.close());
  parent.open(broker);
  await broker.open();
  assert.throws(() => parent.link({ name: 'web', instance: 'two' }), { code: 'name-taken' });
  assert.equal(await new RawClient(broker.address.port).connect({ clientId: 'node/web/two' }), 2);
  assert.equal(await new RawClient(broker.address.port).connect({ clientId: 'node/db/two' }), 0);
});

test('of what only the newest counts of, nothing waits for the broker', async t => {
  const parent = new LocalParent();
  const link = parent.link({ name: 'web', instance: 'one' });
  link.publish(message('canopy/web/hb', 'old', { qos: 0 }));
  link.publish(message('canopy/web/evt', 'kept'));
  const broker = await unopened();
  t.after(() => broker.close());
  const heard = await collect(broker.link({ name: '', instance: 'own' }), 'canopy/web/#');
  parent.open(broker);
  await inState(link, 'connected');
  link.publish(message('canopy/web/hb', 'new', { qos: 0 }));
  await until(() => heard.length === 2);
  assert.deepEqual(texts(heard), ['kept', 'new']);
});

test('where no broker comes nobody waits for it', async () => {
  const parent = new LocalParent();
  const link = parent.link({ name: 'web', instance: 'one' });
  link.publish(message('canopy/web/evt', 'lost'));
  const [subscribed, retained] = [link.subscribe(['canopy/web/cmd'], () => {}), link.retained('#')];
  const cause = new LinkError('unreachable', 'it is not started');
  parent.fail(cause);
  await assert.rejects(subscribed, { code: 'unreachable' });
  await assert.rejects(retained, { code: 'unreachable' });
  assert.deepEqual([link.state, link.lastError], ['lost', cause]);
  assert.equal(await link.flush(60_000), true, 'nothing is kept for it');
  await link.close();
});

test('closing one that has no broker ends what waits for it', async () => {
  const link = new LocalParent().link({ name: 'web', instance: 'one' });
  const subscribed = link.subscribe(['canopy/web/cmd'], () => {});
  await link.close();
  await assert.rejects(subscribed, { code: 'unreachable' });
  assert.equal(link.state, 'closed');
});
