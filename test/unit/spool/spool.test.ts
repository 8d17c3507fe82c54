import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decode, encode } from '../../../src/spool/record.js';
import type { Spool } from '../../../src/spool/spool.js';
import { fill, mountSmall } from '../../support/full-disk.js';
import { until } from '../../support/wait.js';
import { evt, numbers, Parent, place } from './support.js';

const distinct = (sent: readonly string[]): string[] => [...new Set(sent)];

test('what is added goes to the parent in order, at once while it is there, and leaves the disk', async t => {
  const { open, files } = place(t);
  const { spool } = open();
  const parent = new Parent();
  spool.attach(parent);
  for (const text of numbers(1, 5)) spool.add(evt(text));
  assert.deepEqual([parent.sent, spool.size], [[], 5]);
  parent.connect();
  await spool.caughtUp();
  for (const text of numbers(6, 9)) spool.add(evt(text));
  assert.deepEqual(parent.sent.slice(5, 6), ['6'], 'not a turn later');
  await spool.caughtUp();
  assert.deepEqual([parent.sent, spool.size], [numbers(1, 9), 0]);
  spool.close();
  assert.deepEqual(files(), []);
});

test('a message keeps its topic, bytes and flag', () => {
  const arb = fc.record({
    topic: fc.string({ maxLength: 50 }).map(text => Buffer.from(text).toString()),
    payload: fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes)),
    qos: fc.constant(1 as const),
    retain: fc.boolean(),
  });
  fc.assert(
    fc.property(arb, given => {
      const message = { ...given };
      const record = encode(message);
      assert.deepEqual(decode(record, 0), { message, end: record.length });
      for (let cut = 1; cut < record.length; cut++) assert.equal(decode(record.subarray(0, cut), 0), 'torn');
      const at = 8 + ((record.length - 8) >> 1);
      record[at] = (record[at] ?? 0) ^ 1;
      assert.equal(decode(record, 0), 'bad');
    }),
  );
});

test('only so many are on their way; after a loss those go out again first, in order', async t => {
  const { open } = place(t);
  const { spool } = open({ window: 10 });
  const parent = new Parent();
  parent.prompt = false;
  spool.attach(parent);
  for (const text of numbers(1, 600)) spool.add(evt(text));
  parent.connect();
  assert.deepEqual(parent.sent, numbers(1, 10));
  parent.acknowledge(4);
  await until(() => parent.sent.length === 14);
  parent.lose();
  spool.add(evt('601'));
  parent.sent.length = 0;
  parent.prompt = true;
  parent.connect();
  await spool.caughtUp();
  assert.deepEqual(parent.sent, numbers(5, 601));
});

test('a message for which the parent ends the connection is put aside, told of, and holds up nothing', async t => {
  const { open, files, dir } = place(t);
  const { spool, news } = open();
  const parent = new Parent();
  parent.prompt = false;
  spool.attach(parent);
  parent.connect();
  for (const text of numbers(1, 3)) spool.add(evt(text));
  parent.acknowledge(1);
  parent.refuse();
  parent.lose();
  assert.deepEqual([spool.size, news.map(({ code, count }) => [code, count])], [1, [['spool-refused', 1]]]);
  assert.match(news[0]?.reason ?? '', /1 bytes on "canopy\/rack1\/evt": it is kept as .*refused\.bad-/);
  const [kept] = files().filter(name => name.startsWith('refused.bad-'));
  assert.match(readFileSync(join(dir, kept ?? ''), 'latin1'), /evt2$/);
  parent.sent.length = 0;
  parent.prompt = true;
  parent.connect();
  await spool.caughtUp();
  assert.deepEqual(parent.sent, ['3']);
  spool.close();
});

test('an acknowledgement of an earlier connection counts for nothing', async t => {
  const { open } = place(t);
  const { spool } = open();
  const late: (() => void)[] = [];
  const parent = new Parent();
  parent.publish = (_, arrived) => late.push(arrived ?? (() => {}));
  spool.attach(parent);
  parent.connect();
  spool.add(evt('1'));
  parent.lose();
  for (const arrived of late) arrived();
  assert.equal(spool.size, 1);
});

describe('after a kill -9', () => {
  test('nothing is lost of what was added, nothing is out of order', async t => {
    const { open } = place(t);
    const first = open().spool;
    for (const text of numbers(1, 3000)) first.add(evt(text));
    const parent = new Parent();
    parent.prompt = false;
    first.attach(parent);
    parent.connect();
    parent.acknowledge(100);
    // Not closed: as a killed one leaves it.
    const second = open().spool;
    const next = new Parent();
    second.attach(next);
    next.connect();
    await second.caughtUp();
    assert.deepEqual(next.sent.slice(-2900), numbers(101, 3000));
  });

  test('what was sent is not sent again once the position is kept, and a forgetting never', async t => {
    const { open } = place(t);
    const first = open().spool;
    const parent = new Parent();
    first.attach(parent);
    parent.connect();
    first.add(evt('1'));
    first.add({ ...evt(''), topic: 'canopy/rack1/web/state', retain: true });
    first.add(evt('3'));
    await first.caughtUp();
    const second = open().spool;
    const next = new Parent();
    second.attach(next);
    next.connect();
    await second.caughtUp();
    assert.deepEqual(next.sent, ['3']);
  });

  test('whenever it happens, and however the parent comes and goes: all, in order', async t => {
    const arbStep = fc.constantFrom<Step>('add', 'add', 'connect', 'acknowledge', 'lose', 'kill');
    await fc.assert(
      fc.asyncProperty(fc.array(arbStep, { minLength: 10, maxLength: 60 }), async steps => {
        // One that was killed goes on in this process, and notes where it is: none shares its place with another run.
        const { open } = place(t);
        const life = new Life(() => open({ window: 3 }).spool);
        for (const step of steps) {
          life[step]();
          await new Promise(resolve => setImmediate(resolve));
        }
        assert.deepEqual(distinct(await life.end()), numbers(1, life.added));
      }),
      { numRuns: 100 },
    );
  });
});

type Step = 'add' | 'connect' | 'acknowledge' | 'lose' | 'kill';

class Life implements Record<Step, () => void> {
  added = 0;
  private sent: string[] = [];
  private spool: Spool;
  private parent = new Parent();

  constructor(private readonly open: () => Spool) {
    this.spool = this.begin();
  }

  private begin(): Spool {
    this.parent = new Parent();
    this.parent.prompt = false;
    const spool = this.open();
    spool.attach(this.parent);
    return spool;
  }
  add(): void {
    this.spool.add(evt(String(++this.added)));
  }
  connect(): void {
    if (this.parent.state !== 'connected') this.parent.connect();
  }
  acknowledge(): void {
    this.parent.acknowledge(2);
  }
  lose(): void {
    if (this.parent.state === 'connected') this.parent.lose();
  }
  kill(): void {
    this.sent.push(...this.parent.sent);
    this.spool = this.begin();
  }
  async end(): Promise<string[]> {
    this.lose();
    this.parent.prompt = true;
    this.parent.connect();
    await this.spool.caughtUp();
    return [...this.sent, ...this.parent.sent];
  }
}

describe('a full spool', () => {
  test('drops the oldest, and says how many when the parent is back', async t => {
    const { open } = place(t);
    const { spool, news } = open({ maxBytes: 65_536 });
    const text = 'x'.repeat(200);
    for (const number of numbers(1, 1000)) spool.add(evt(`${number} ${text}`));
    assert.ok(spool.bytes <= 65_536, `${spool.bytes} bytes`);
    assert.equal(news.length, 1, 'once while it lasts');
    const parent = new Parent();
    spool.attach(parent);
    parent.connect();
    await spool.caughtUp();
    const sent = parent.sent.map(each => Number(each.split(' ')[0]));
    assert.ok(sent.length > 100);
    assert.deepEqual(sent.map(String), numbers(1001 - sent.length, 1000));
    assert.deepEqual(
      news.map(({ code, count }) => [code, (count ?? 0) > 0]),
      [
        ['spool-full', true],
        ['spool-full', true],
      ],
    );
    assert.equal(news[1]?.count, 1000 - sent.length);
  });

  test('knows how many also after a kill -9', async t => {
    const { open } = place(t);
    const first = open({ maxBytes: 65_536 }).spool;
    for (const number of numbers(1, 1000)) first.add(evt(`${number} ${'x'.repeat(200)}`));
    const { spool, news } = open({ maxBytes: 65_536 });
    const parent = new Parent();
    spool.attach(parent);
    parent.connect();
    await spool.caughtUp();
    assert.equal((news[0]?.count ?? 0) + parent.sent.length, 1000);
  });
});

test('a disk that takes nothing: it is told, memory has to do, and nothing is out of order when it is over', async t => {
  const { dir, open } = place(t);
  const { spool, news } = open();
  // A file stands where the directory would be.
  writeFileSync(dir, '');
  spool.add(evt('1'));
  spool.add(evt('2'));
  rmSync(dir);
  // Whoever is killed now loses nothing, though nothing more has come.
  await until(() => news.length > 1);
  assert.deepEqual(
    news.map(({ code }) => code),
    ['spool-unwritable', 'spool-writable'],
  );
  spool.add(evt('3'));
  assert.ok(news[0]?.reason.includes(dirname(dir)));
  const { spool: next } = open();
  const parent = new Parent();
  next.attach(parent);
  parent.connect();
  await next.caughtUp();
  assert.deepEqual(parent.sent, ['1', '2', '3']);
});

test('a disk that was full takes messages again, as often as that is, and a kill -9 loses none', async t => {
  const small = mountSmall(t);
  if (small === null) return t.skip('needs mount');
  const dir = join(small, 'spool');
  const { spool, news } = place(t).open({ dir });
  let last = 0;
  for (const times of [1, 2]) {
    const code = () => news.at(-1)?.code;
    fill(small);
    for (; code() !== 'spool-unwritable'; last++) spool.add(evt(`${last + 1}`));
    rmSync(join(small, 'filler'));
    await until(() => code() === 'spool-writable' && news.length === 2 * times);
  }
  // Of the first nobody is told: it is as if it were killed.
  const { spool: next, news: told } = place(t).open({ dir });
  const parent = new Parent();
  next.attach(parent);
  parent.connect();
  await next.caughtUp();
  assert.deepEqual([parent.sent, told], [numbers(1, last), []]);
});
