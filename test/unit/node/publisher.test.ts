import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Publisher } from '../../../src/node/publisher.js';
import { SAMPLES } from '../protocol/support.js';
import { EPOCH, Place, TestClock } from './support.js';

let place: Place;
const clock = new TestClock();
before(async () => {
  place = await Place.open();
});
after(() => place.close());
beforeEach(() => place.forgetHeard());

const publisher = (path: string) => new Publisher(place.link, path, EPOCH, clock);

test('a node speaks under its own path, and below it for those who cannot', async () => {
  for (const path of ['', 'web']) {
    const own = publisher(path);
    own.beat(SAMPLES.hb);
    own.state(SAMPLES.state);
    own.speakFor('a/b', SAMPLES.state);
    own.result(SAMPLES.res, 'a');
    own.event('phase', 'so');
  }
  const topics = ['hb', 'state', 'a/b/state', 'a/res', 'evt'];
  assert.deepEqual(
    (await place.raw()).map(({ topic }) => topic).sort(),
    [...topics.map(topic => `canopy/${topic}`), ...topics.map(topic => `canopy/web/${topic}`)].sort(),
  );
});

test('only a state is retained, and forgetting takes it away', async () => {
  const own = publisher('kept');
  own.beat(SAMPLES.hb);
  own.event('phase', 'so');
  own.state(SAMPLES.state);
  await place.raw();
  const retained = async () => (await place.link.retained('canopy/kept/#')).map(({ topic }) => topic);
  assert.deepEqual(await retained(), ['canopy/kept/state']);
  publisher('').forget('kept');
  await place.raw();
  assert.deepEqual(await retained(), []);
});

test('events are numbered from 1, and a reason of any length fits', async () => {
  const own = publisher('web');
  own.event('refused', 'x'.repeat(5000), { code: 'stale', count: 3 });
  own.event('link', 'will', { path: 'a', from: 'online', to: 'lost' });
  const [first, second] = (await place.said('evt')).map(({ value }) => value);
  assert.deepEqual(
    [first?.seq, first?.epoch, first?.ts, first?.reason.length],
    [1, EPOCH, clock.now(), 1024],
  );
  assert.deepEqual([second?.seq, second?.path, second?.from, second?.to], [2, 'a', 'online', 'lost']);
});
