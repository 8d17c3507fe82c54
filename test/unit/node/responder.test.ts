import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, type TestContext, test } from 'node:test';
import { CanopyError } from '../../../src/core/errors.js';
import { CommandMemory } from '../../../src/node/memory.js';
import { Publisher } from '../../../src/node/publisher.js';
import { onlyArguments, type Plan, Responder, salvageId } from '../../../src/node/responder.js';
import { EPOCH, Place, TestClock } from './support.js';

let place: Place;
const clock = new TestClock();
before(async () => {
  place = await Place.open();
});
after(() => place.close());
beforeEach(() => place.forgetHeard());

/** A node named web that runs `plan`, and how to send it a payload. */
function node(plan: Plan, memory?: CommandMemory) {
  const responder = new Responder(new Publisher(place.link, 'web', EPOCH, clock), clock, plan, memory);
  return (payload: unknown, retain = false) => {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    responder.handle({ topic: 'canopy/web/cmd', payload: Buffer.from(text), qos: 1, retain });
  };
}
/** What was answered: id, status, done, code. */
const stages = async () =>
  (await place.said('res')).map(({ value: { id, status, done, error } }) => [
    id,
    status,
    done,
    error?.code ?? null,
  ]);
const counting = () => {
  const runs: string[] = [];
  const plan: Plan =
    ({ id }) =>
    async () =>
      void runs.push(id);
  return { runs, plan };
};

describe('stages', () => {
  test('accepted, then succeeded with its data, on its own res', async () => {
    node(() => async () => ({ pid: 7 }))({ v: 1, id: 'a', op: 'restart' });
    const told = await place.said('res');
    assert.deepEqual(
      told.map(({ path, value }) => [path, value]),
      [
        ['web', { v: 1, ts: clock.now(), id: 'a', op: 'restart', status: 'accepted', done: false }],
        [
          'web',
          {
            v: 1,
            ts: clock.now(),
            id: 'a',
            op: 'restart',
            status: 'succeeded',
            done: true,
            data: { pid: 7 },
          },
        ],
      ],
    );
  });

  test('accepted is told before the work is done, failed with the code after it', async () => {
    let fail: (error: Error) => void = () => {};
    node(() => () => new Promise((_, reject) => (fail = reject)))({ v: 1, id: 'b', op: 'x' });
    assert.deepEqual(await stages(), [['b', 'accepted', false, null]]);
    fail(new CanopyError('not-running', 'the target is stopped'));
    assert.deepEqual((await stages())[1], ['b', 'failed', true, 'not-running']);
  });

  test('an error of ours is told as internal-error', async () => {
    node(() => async () => assert.fail('oops'))({ v: 1, id: 'c', op: 'x' });
    assert.deepEqual((await stages())[1], ['c', 'failed', true, 'internal-error']);
  });
});

describe('once per id', () => {
  test('delivered twice: executed once, the latest stage told again', async () => {
    const { runs, plan } = counting();
    const send = node(plan);
    for (let times = 0; times < 3; times++) send({ v: 1, id: 'd', op: 'x' });
    assert.deepEqual(await stages(), [
      ['d', 'accepted', false, null],
      ['d', 'accepted', false, null],
      ['d', 'accepted', false, null],
      ['d', 'succeeded', true, null],
    ]);
    place.forgetHeard();
    send({ v: 1, id: 'd', op: 'other' });
    assert.deepEqual(await stages(), [['d', 'succeeded', true, null]]);
    assert.deepEqual(runs, ['d']);
  });

  test('plain words twice are two commands', async () => {
    const { runs, plan } = counting();
    const send = node(plan);
    for (let times = 0; times < 2; times++) send('restart');
    await place.said('res');
    assert.equal(new Set(runs).size, 2);
  });

  test('no id is special', async () => {
    const { runs, plan } = counting();
    const send = node(plan);
    for (const id of ['unknown', 'unknown', '__proto__', '__proto__', '0', '0']) send({ v: 1, id, op: 'x' });
    await place.said('res');
    assert.deepEqual(runs, ['unknown', '__proto__', '0']);
  });
});

describe('refused', () => {
  const never: Plan = () => assert.fail('not to be executed');
  const strict: Plan = command => {
    onlyArguments(command, ['signal']);
    return async () => undefined;
  };
  const CASES: [name: string, Plan, payload: unknown, retain: boolean, wanted: unknown[]][] = [
    [
      'past its expiresAt',
      never,
      { v: 1, id: 'e', op: 'x', expiresAt: EPOCH },
      false,
      ['e', 'expired', true, 'expired'],
    ],
    ['retained', never, { v: 1, id: 'e', op: 'x' }, true, ['e', 'rejected', true, 'retained-command']],
    ['not decodable', never, '{"id":"e","v":1}', false, ['e', 'rejected', true, 'bad-payload']],
    ['not even an id', never, '\0\0', false, ['unknown', 'rejected', true, 'bad-payload']],
    [
      'a strange argument',
      strict,
      { id: 'e', op: 'x', args: { sig: 1 } },
      false,
      ['e', 'rejected', true, 'bad-argument'],
    ],
    [
      'an error of ours',
      () => assert.fail('oops'),
      { id: 'e', op: 'x' },
      false,
      ['e', 'rejected', true, 'internal-error'],
    ],
  ];
  for (const [name, plan, payload, retain, wanted] of CASES) {
    test(name, async () => {
      node(plan)(payload, retain);
      assert.deepEqual(await stages(), [wanted]);
    });
  }

  test('at its expiresAt to the millisecond it is still in time', async () => {
    const { runs, plan } = counting();
    node(plan)({ v: 1, id: 'f', op: 'x', expiresAt: clock.now() });
    await place.said('res');
    assert.deepEqual(runs, ['f']);
  });
});

test('the id of a command that does not decode is found where there is one', () => {
  const cases: [string, string][] = [
    ['{"id":"a1"', 'a1'],
    ['{"op":1, "id" : "b c"}', 'b c'],
    ['{"id":7}', 'unknown'],
    [`{"id":"${'x'.repeat(129)}"}`, 'unknown'],
    ['', 'unknown'],
  ];
  for (const [payload, id] of cases) assert.equal(salvageId(Buffer.from(payload)), id, payload);
});

describe('over a restart', () => {
  const after = async (t: TestContext, plan: Plan) => {
    const dir = mkdtempSync(join(tmpdir(), 'canopy-responder-'));
    t.after(() => rmSync(dir, { recursive: true }));
    return () => node(plan, new CommandMemory(join(dir, 'commands.jsonl')));
  };

  test('what was carried out is answered from disk, and not again', async t => {
    const { runs, plan } = counting();
    const open = await after(t, plan);
    open()({ v: 1, id: 'g', op: 'x' });
    await place.said('res');
    place.forgetHeard();
    open()({ v: 1, id: 'g', op: 'x' });
    assert.deepEqual(await stages(), [['g', 'succeeded', true, null]]);
    assert.deepEqual(runs, ['g']);
  });

  test('what was begun and never ended is answered as interrupted, once and for all', async t => {
    const runs: string[] = [];
    const open = await after(t, ({ id }) => () => {
      runs.push(id);
      return new Promise(() => {});
    });
    open()({ v: 1, id: 'h', op: 'x' });
    await place.said('res');
    for (let times = 0; times < 2; times++) {
      place.forgetHeard();
      open()({ v: 1, id: 'h', op: 'x' });
      assert.deepEqual(await stages(), [['h', 'failed', true, 'interrupted']]);
    }
    assert.deepEqual(runs, ['h']);
  });
});
