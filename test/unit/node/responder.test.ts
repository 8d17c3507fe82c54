import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, type TestContext, test } from 'node:test';
import { CanopyError } from '../../../src/core/errors.js';
import { interrupted, salvageId } from '../../../src/node/answers.js';
import { CommandMemory } from '../../../src/node/memory.js';
import { Publisher } from '../../../src/node/publisher.js';
import { MOST_WAITING } from '../../../src/node/queue.js';
import {
  type Aftermath,
  type Order,
  onlyArguments,
  type Plan,
  Responder,
} from '../../../src/node/responder.js';
import { EPOCH, Place, TestClock } from './support.js';

let place: Place;
const clock = new TestClock();
before(async () => {
  place = await Place.open();
});
after(() => place.close());
beforeEach(() => place.forgetHeard());

/** A node named web that runs `plan`, and how to send it a payload. */
function node(plan: Plan, memory?: CommandMemory, order?: Order, aftermath?: Aftermath) {
  const publisher = new Publisher(place.link, 'web', EPOCH, clock);
  const responder = new Responder(publisher, clock, plan, memory, order);
  if (aftermath) responder.resume(aftermath);
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

const inTurn: Order = { turn: () => 'in-turn', facts: () => undefined };

describe('stages', () => {
  test('what is over at once is not told as running', async () => {
    node(() => async () => undefined)({ v: 1, id: 'quick', op: 'ping' });
    assert.deepEqual(await stages(), [
      ['quick', 'accepted', false, null],
      ['quick', 'succeeded', true, null],
    ]);
  });

  test('accepted, running, then succeeded with its data, on its own res', async () => {
    node(() => async () => ({ pid: 7 }), undefined, inTurn)({ v: 1, id: 'a', op: 'restart' });
    const said = (seq: number) => ({ v: 1, ts: clock.now(), epoch: EPOCH, seq });
    const told = await place.said('res');
    assert.deepEqual(
      told.map(({ path, value }) => [path, value]),
      [
        ['web', { ...said(1), id: 'a', op: 'restart', status: 'accepted', done: false }],
        ['web', { ...said(2), id: 'a', op: 'restart', status: 'running', done: false }],
        [
          'web',
          {
            ...said(3),
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

  test('accepted and running are told before the work is done, failed with the code after it', async () => {
    let fail: (error: Error) => void = () => {};
    node(() => () => new Promise((_, reject) => (fail = reject)))({ v: 1, id: 'b', op: 'x' });
    const begun = [
      ['b', 'accepted', false, null],
      ['b', 'running', false, null],
    ];
    assert.deepEqual(await stages(), begun);
    fail(new CanopyError('not-running', 'the target is stopped'));
    assert.deepEqual(await stages(), [...begun, ['b', 'failed', true, 'not-running']]);
  });

  test('what says at once how far it is, as a log does its lines, is not told as running beside that', async () => {
    const memory = new CommandMemory(null);
    let end: () => void = () => {};
    const plan: Plan = () => tell => {
      tell({ lines: 1 });
      return new Promise(resolve => (end = () => resolve(undefined)));
    };
    node(plan, memory)({ v: 1, id: 'l', op: 'logs' });
    await stages();
    assert.equal(memory.get('l')?.status, 'running', 'it is known to have begun all the same');
    end();
    await stages();
    const told = (await place.said('res')).map(({ value: { status, data } }) => [status, data]);
    assert.deepEqual(told, [
      ['accepted', undefined],
      ['running', { lines: 1 }],
      ['succeeded', undefined],
    ]);
  });

  test('an error of ours is told as internal-error', async () => {
    node(() => async () => assert.fail('oops'))({ v: 1, id: 'c', op: 'x' });
    assert.deepEqual((await stages()).at(-1), ['c', 'failed', true, 'internal-error']);
  });

  test('what a stranger sent does not make a message long', async () => {
    node(() => {
      throw new CanopyError('bad-argument', 'x'.repeat(100_000));
    })({ v: 1, id: 'long', op: 'x' });
    assert.equal((await place.said('res'))[0]?.value.error?.message.length, 1000);
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

describe('in turn', () => {
  const order: Order = {
    turn: op =>
      op === 'ping' ? 'at-once' : op === 'stop' ? 'overtaking' : op === 'hup' ? 'in-turn' : 'replaceable',
    facts: () => ({ pid: 7 }),
  };
  /** A node whose commands end when told. */
  function slow() {
    const log: string[] = [];
    const ends = new Map<string, () => void>();
    const plan: Plan =
      ({ id }) =>
      (_, cut) =>
        new Promise((resolve, reject) => {
          log.push(id);
          ends.set(id, () => resolve(undefined));
          cut?.addEventListener('abort', () => reject(cut.reason));
        });
    const send = node(plan, undefined, order);
    const end = async (id: string) => {
      ends.get(id)?.();
      await stages();
    };
    return { log, end, send: (op: string, id: string, more = {}) => send({ v: 1, id, op, ...more }) };
  }
  const finals = async () =>
    (await stages()).filter(([, , done]) => done).map(([id, status, , code]) => [id, status, code]);

  test('one after the other, each running when it begins; a ping does not wait', async () => {
    const { log, end, send } = slow();
    for (const id of ['a', 'b', 'c']) send('restart', id);
    send('ping', 'p');
    assert.deepEqual(log, ['a', 'p']);
    assert.deepEqual(
      (await stages()).map(([id, status]) => `${id} ${status}`),
      ['a accepted', 'a running', 'b accepted', 'c accepted', 'p accepted', 'p running'],
    );
    assert.deepEqual((await place.said('res'))[1]?.value.data, { pid: 7 }, 'what was so when it began');
    await end('a');
    assert.deepEqual(log, ['a', 'p', 'b']);
    await end('b');
    assert.deepEqual(log, ['a', 'p', 'b', 'c']);
  });

  test('a stop overtakes what would start it again, begun or not, and nothing else', async () => {
    const { log, send, end } = slow();
    send('restart', 'r1');
    send('hup', 'h');
    send('restart', 'r2');
    send('stop', 's');
    send('start', 'r3');
    assert.deepEqual(await finals(), [
      ['r2', 'failed', 'superseded'],
      ['r1', 'failed', 'superseded'],
    ]);
    await end('h');
    assert.deepEqual(log, ['r1', 'h', 's']);
    await end('s');
    assert.deepEqual(log, ['r1', 'h', 's', 'r3']);
  });

  test('one whose time is over when its turn comes is not begun', async () => {
    const { log, end, send } = slow();
    send('restart', 'a');
    send('restart', 'late', { expiresAt: clock.now() + 1000 });
    send('restart', 'c');
    clock.pass(1001);
    await end('a');
    assert.deepEqual(log, ['a', 'c']);
    assert.deepEqual((await finals()).at(-1), ['late', 'expired', 'expired']);
    const told = (await place.said('res')).find(({ value }) => value.status === 'expired');
    assert.match(told?.value.error?.message ?? '', /its turn came 1 ms after/);
  });

  test('no more wait than the bound; the next is refused, and a stop makes room', async () => {
    const { log, end, send } = slow();
    for (let n = 0; n <= MOST_WAITING; n++) send('restart', `n${n}`);
    send('restart', 'more');
    assert.deepEqual(await finals(), [['more', 'rejected', 'queue-full']]);
    send('restart', 'more');
    assert.equal((await finals()).length, 2, 'and stays refused');
    send('stop', 's');
    assert.equal((await finals()).filter(([, , code]) => code === 'superseded').length, MOST_WAITING + 1);
    assert.deepEqual(log, ['n0', 's']);
    await end('s');
  });

  test('one whose plan throws does not hold the others up', async () => {
    const { runs, plan } = counting();
    const send = node(
      command => (command.id === 'bad' ? () => assert.fail('at once') : plan(command)),
      undefined,
      order,
    );
    for (const id of ['bad', 'good']) send({ v: 1, id, op: 'restart' });
    assert.deepEqual(
      (await finals()).map(([id, status]) => [id, status]),
      [
        ['bad', 'failed'],
        ['good', 'succeeded'],
      ],
    );
    assert.deepEqual(runs, ['good']);
  });

  test('a duplicate that does not decode changes nothing of what is under way', async () => {
    const { log, end, send } = slow();
    send('restart', 'a');
    send('', 'a');
    send('restart', 'a');
    await end('a');
    assert.deepEqual(
      (await stages()).map(([, status]) => status),
      ['accepted', 'running', 'rejected', 'running', 'succeeded'],
    );
    assert.deepEqual(log, ['a']);
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

  /** What the next process tells of its own accord about one that an earlier one has left, and at a redelivery. */
  async function leftBehind(t: TestContext, aftermath: Aftermath, order?: Order) {
    const runs: string[] = [];
    const dir = mkdtempSync(join(tmpdir(), 'canopy-responder-'));
    t.after(() => rmSync(dir, { recursive: true }));
    const plan: Plan =
      ({ id }) =>
      () => {
        runs.push(id);
        return new Promise(() => {});
      };
    const open = (more?: Aftermath) =>
      node(plan, new CommandMemory(join(dir, 'commands.jsonl')), order, more);
    const first = open();
    for (const id of ['h', 'i']) first({ v: 1, id, op: 'x' });
    await place.said('res');
    place.forgetHeard();
    const second = open(aftermath);
    const told = await stages();
    place.forgetHeard();
    second({ v: 1, id: 'h', op: 'x' });
    const again = await stages();
    place.forgetHeard();
    open(aftermath);
    return { runs, told, again, third: await stages() };
  }
  const unknowable: Aftermath = async () => {
    throw interrupted('while it carried this out');
  };

  test('what was begun and never ended is told as interrupted, once and for all', async t => {
    const { runs, told, again, third } = await leftBehind(t, unknowable);
    assert.deepEqual(told, [
      ['h', 'failed', true, 'interrupted'],
      ['i', 'failed', true, 'interrupted'],
    ]);
    assert.deepEqual([again, third], [[['h', 'failed', true, 'interrupted']], []]);
    assert.deepEqual(runs, ['h', 'i']);
  });

  test('or as what is known to have become of it; what never began is interrupted', async t => {
    const asked: object[] = [];
    const inTurn: Order = { turn: () => 'in-turn', facts: () => ({ pid: 7 }) };
    const { runs, told } = await leftBehind(
      t,
      async begun => {
        asked.push(begun);
        return { pid: 8 };
      },
      inTurn,
    );
    assert.deepEqual(asked, [{ id: 'h', op: 'x', status: 'running', done: false, data: { pid: 7 } }]);
    assert.deepEqual(told.toSorted(), [
      ['h', 'succeeded', true, null],
      ['i', 'failed', true, 'interrupted'],
    ]);
    assert.deepEqual(runs, ['h']);
  });

  test('a redelivery of one whose end is not known yet is answered as running, and not executed', async t => {
    const { runs, again } = await leftBehind(t, () => new Promise(() => {}));
    assert.deepEqual(again, [['h', 'running', false, null]]);
    assert.deepEqual(runs, ['h', 'i']);
  });
});
