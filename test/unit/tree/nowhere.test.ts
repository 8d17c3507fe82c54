import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Nowhere } from '../../../src/tree/nowhere.js';
import { DISCONNECT, RawClient } from '../../support/raw-mqtt.js';
import { beatOf, message, openBelow, stateOf } from './support.js';

/** A node that knows a leaf `web`, a relay `rack1`, and `rack9`, which never spoke for itself. */
async function open(t: TestContext) {
  const below = await openBelow();
  const { place, registry, publisher, ingest } = below;
  t.after(() => place.close());
  ingest.listen(new Nowhere(registry, publisher, place.broker));
  for (const [path, value] of [
    ['web', stateOf()],
    ['rack1', stateOf({ kind: 'relay' })],
    ['rack9/web', stateOf()],
  ] as const)
    place.link.publish(message(`canopy/${path}/state`, value));
  place.link.publish(message('canopy/rack9/web/hb', beatOf()));
  await place.link.flush(5000);
  const answered = async (...paths: string[]) => {
    place.forgetHeard();
    for (const path of paths)
      place.link.publish(message(`canopy/${path}/cmd`, { v: 1, id: path, op: 'restart' }));
    await place.link.flush(5000);
    return (await place.said('res')).map(({ path }) => path);
  };
  const client = (clientId: string, clean = true) =>
    RawClient.open(place.broker.address.port, { clientId, clean });
  return { ...below, answered, client };
}

test('a path that ends here is answered for; of one that goes on the next node knows more', async t => {
  const { answered, place } = await open(t);
  assert.deepEqual(await answered('nope', 'nope/web', 'web/deep'), ['nope', 'nope/web', 'web/deep']);
  const [said] = await place.said('res');
  assert.deepEqual(
    [said?.value.id, said?.value.op, said?.value.status, said?.value.done, said?.value.error],
    ['nope', 'restart', 'rejected', true, { code: 'not-found', message: 'there is no node "nope" here' }],
  );
  assert.deepEqual(await answered('web', 'rack1', 'rack1/nope', 'rack9', 'rack9/nope'), []);
});

test('what cannot be read is answered too, by its id where it has one', async t => {
  const { place } = await open(t);
  place.link.publish(message('canopy/nope/cmd', Buffer.from('{"id":"mine","op":7}')));
  const [said] = await place.said('res');
  assert.deepEqual([said?.value.id, said?.value.op], ['mine', 'unknown']);
});

test('nobody is answered for whose commands someone asks for by name, there or away', async t => {
  const { answered, client } = await open(t);
  const bridge = await client('bridge', false);
  await bridge.subscribe(['canopy/rack8/+/cmd'], 1);
  await (await client('careless')).subscribe(['canopy/rack7/#'], 0);
  await (await client('onlooker')).subscribe(['canopy/#', 'canopy/+/cmd', '#'], 1);
  assert.deepEqual(await answered('rack8/web', 'rack7/web', 'rack8', 'rack6/web'), ['rack8', 'rack6/web']);
  bridge.send(DISCONNECT);
  await bridge.ended();
  assert.deepEqual(await answered('rack8/web'), [], 'it waits for the session');
});

test('nor for a node that is connected and has not spoken yet', async t => {
  const { answered, client } = await open(t);
  await client('canopy/new/0123456789abcdef');
  assert.deepEqual(await answered('new', 'new/web'), []);
});
