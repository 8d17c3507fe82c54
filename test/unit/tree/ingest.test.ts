import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Registry } from '../../../src/core/registry.js';
import { Ingest } from '../../../src/tree/ingest.js';
import { beatOf, by, EPOCH, message, openBelow, resultOf, stateOf, TestClock } from './support.js';

const EMPTY = Buffer.alloc(0);

/** `held`: names of nodes that are connected here. */
function door(...held: string[]) {
  const registry = new Registry();
  const ingest = new Ingest(registry, new TestClock(), name => held.includes(name));
  const told: string[] = [];
  ingest.listen({
    state: (record, from) => told.push(`state ${record.path} ${from}>${record.link}`),
    beat: (record, beat) => told.push(`beat ${record.path} ${beat.seq}`),
    forgotten: paths => told.push(`forgotten ${paths.join(' ')}`),
    through: record => told.push(`through ${record.path}`),
    event: (path, event) => told.push(`event ${path} ${event.event}`),
    result: (path, result) => told.push(`result ${path} ${result.status}`),
  });
  return { registry, ingest, told };
}
const codeOf = (answer: object): string => ('code' in answer ? String(answer.code) : 'passed');

test('each channel is told to those who listen, and passes as it came', () => {
  const { ingest, told } = door();
  const evt = { v: 1, epoch: EPOCH, seq: 1, ts: EPOCH, event: 'phase', reason: 'so' };
  const cases: [string, unknown][] = [
    ['canopy/rack1/state', stateOf({ kind: 'relay' })],
    ['canopy/rack1/web/hb', beatOf({ seq: 4 })],
    ['canopy/rack1/web/evt', evt],
    ['canopy/rack1/web/res', resultOf()],
    ['canopy/rack1/web/log', { v: 1, lines: [] }],
    ['canopy/rack1/web/cmd', Buffer.from('not for us to judge')],
    ['elsewhere/x', Buffer.from('none of ours')],
  ];
  for (const [topic, value] of cases) {
    const sent = message(topic, value);
    assert.equal(ingest.receive(sent, by()), sent, topic);
  }
  assert.deepEqual(told, [
    'state rack1 null>online',
    'beat rack1/web 4',
    'event rack1/web phase',
    'result rack1/web succeeded',
  ]);
});

test("no child has the last word about itself by a number that is its parent's: it is lost all the same", () => {
  const { ingest, registry } = door('web');
  const say = (more: object, who: string, via: 'publish' | 'will' = 'publish') =>
    codeOf(ingest.receive(message('canopy/web/state', stateOf({ seq: 1, ...more }), true), by(who, via)));
  const rev = Number.MAX_SAFE_INTEGER;
  assert.equal(say({}, 'web/a'), 'passed');
  for (const via of ['publish', 'will'] as const)
    assert.equal(say({ epoch: EPOCH + 1, rev }, 'web/a', via), 'not-authorized', via);
  assert.equal(say({ rev: EPOCH + 2, link: 'lost', reason: 'timeout' }, '/'), 'passed');
  assert.equal(registry.get('web')?.link, 'lost');
  const below = message('canopy/web/deep/state', stateOf({ seq: 1, rev: 7, link: 'lost' }), true);
  assert.equal(codeOf(ingest.receive(below, by('web/a'))), 'passed', 'a relay says so of what is below it');
});

test('what does not decode goes no further and changes nothing', () => {
  const { ingest, registry, told } = door();
  for (const channel of ['hb', 'state', 'evt', 'res', 'log'])
    for (const value of [Buffer.from('\0'), {}, { v: 2 }, []])
      assert.equal(
        codeOf(ingest.receive(message(`canopy/web/${channel}`, value), by())),
        'bad-payload',
        channel,
      );
  assert.deepEqual([registry.size, told], [0, []]);
});

describe('what is older than what is known', () => {
  test('is refused', () => {
    const { ingest, told } = door();
    const send = (topic: string, value: unknown) => codeOf(ingest.receive(message(topic, value), by()));
    assert.equal(send('canopy/web/state', stateOf({ epoch: 20 })), 'passed');
    assert.equal(send('canopy/web/hb', beatOf({ epoch: 20, seq: 3 })), 'passed');
    assert.equal(send('canopy/web/state', stateOf({ epoch: 19 })), 'stale');
    assert.equal(send('canopy/web/hb', beatOf({ epoch: 20, seq: 3 })), 'stale');
    assert.equal(told.length, 2);
  });

  test('is not retained either', async t => {
    const { place } = await openBelow();
    t.after(() => place.close());
    for (const epoch of [20, 19, 18])
      place.link.publish(message('canopy/web/state', stateOf({ epoch }), true));
    await place.link.flush(5000);
    const retained = await place.link.retained('canopy/web/state');
    assert.deepEqual(
      retained.map(({ payload }) => JSON.parse(payload.toString()).epoch),
      [20],
    );
  });
});

describe('an empty retained state', () => {
  const known = () => {
    const opened = door('web');
    for (const path of ['', 'rack1/', 'rack1/a/', 'web/'])
      opened.ingest.receive(message(`canopy/${path}state`, stateOf()), by('/'));
    opened.ingest.receive(message('canopy/rack1/state', stateOf({ link: 'lost', reason: 'will' })), by('/'));
    opened.told.length = 0;
    const forget = (path: string, who: string | null, retain = true) =>
      codeOf(opened.ingest.receive(message(`canopy/${path}state`, EMPTY, retain), by(who)));
    return { ...opened, forget };
  };

  test('forgets a node that is gone and all below it, whoever says so', () => {
    const { forget, told, registry } = known();
    assert.equal(forget('rack1/', null), 'passed');
    assert.deepEqual(told, ['forgotten rack1/a rack1']);
    assert.deepEqual([...registry.all()].map(({ path }) => path).sort(), ['', 'web']);
  });

  test('does not forget the node that owns the broker, nor one that is alive unless a node says so', () => {
    const { forget, told } = known();
    assert.equal(forget('', '/'), 'node-alive');
    assert.equal(forget('', null), 'not-authorized');
    assert.equal(forget('web/', null), 'not-authorized');
    assert.equal(forget('rack1/', '/', false), 'bad-payload');
    assert.deepEqual(told, []);
    assert.equal(forget('web/', '/'), 'passed');
  });
});

test('what stands in for a relay is told of whatever passes through it, a relay that speaks is not', () => {
  const { ingest, told } = door();
  ingest.receive(message('canopy/mosquitto/web/state', stateOf()), by());
  ingest.receive(message('canopy/mosquitto/web/hb', beatOf()), by());
  assert.deepEqual(
    told.filter(line => line.startsWith('through')),
    ['through mosquitto', 'through mosquitto'],
  );
  ingest.receive(message('canopy/mosquitto/state', stateOf({ kind: 'relay' })), by());
  told.length = 0;
  ingest.receive(message('canopy/mosquitto/web/hb', beatOf({ seq: 99 })), by());
  assert.deepEqual(told, ['beat mosquitto/web 99']);
});

test('logs are asked for by the owner of the broker, and handed on by those who have them', () => {
  const { ingest, told } = door('web');
  const owner = by('');
  const CASES: [string, ReturnType<typeof by>, string][] = [
    ['canopy/web/_flow', owner, 'passed'],
    ['canopy/web/_flow', by(), 'not-authorized'],
    ['canopy/web/_flow', by('web'), 'not-authorized'],
    ['canopy/web/_log', by('web'), 'passed'],
    ['canopy/web/deeper/_log', by('web'), 'passed'],
    ['canopy/web/_log', by('other'), 'not-authorized'],
    ['canopy/web/_log', by(), 'not-authorized'],
    // A plain bridge speaks for a node that is not connected here.
    ['canopy/rack9/web/_log', by(), 'passed'],
  ];
  for (const [topic, from, code] of CASES)
    assert.equal(codeOf(ingest.receive(message(topic, {}), from)), code, `${topic} ${from.identity?.name}`);
  assert.deepEqual(told, []);
});
