/** What is known of the nodes below, over restarts and bad files. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { lift } from '../../../src/core/maintenance.js';
import { Registry } from '../../../src/core/registry.js';
import { verdict } from '../../../src/core/verdict.js';
import { RosterFile } from '../../../src/tree/roster/file.js';
import { Contents } from '../../../src/tree/roster/lines.js';
import { Roster } from '../../../src/tree/roster/roster.js';
import { until } from '../../support/wait.js';
import { at, beat, relay, state, taken } from '../core/support.js';
import { TestClock } from '../node/support.js';

function place(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-roster-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'roster.jsonl');
  const clock = new TestClock();
  /** Another start over the same file; the monotonic clock of a machine may have begun anew. */
  const start = (most = 1000) => {
    const said: { code?: string; message: string }[] = [];
    const say = ({ code }: { code?: string }, message: string) =>
      said.push({ ...(code && { code }), message });
    const registry = new Registry({ mono: clock.mono });
    const roster = new Roster(file, { registry, clock, most, log: { info: say, warn: say, error: say } });
    const told = (path: string) => {
      const record = registry.get(path);
      assert.ok(record, `${path} is known`);
      roster.state(record);
    };
    return { registry, roster, said, told };
  };
  return { dir, file, clock, start, aside: () => readdirSync(dir).filter(name => name.includes('.bad-')) };
}
const paths = (registry: Registry) => [...registry.all()].map(({ path }) => path).sort();

/** rack1 / web (up), rack1 / gone (lost 20 s ago), api (online), db (said goodbye); written, and not closed. */
function filled(t: TestContext) {
  const { clock, ...rest } = place(t);
  const first = rest.start();
  const now = () => ({ now: clock.now(), mono: clock.mono() });
  const { registry, roster } = first;
  registry.applyState('rack1', relay(), now());
  registry.applyState('rack1/web', state({ labels: { zone: 'a' }, desired: 'running' }), now());
  registry.applyState('rack1/gone', state(), now());
  registry.applyState('api', state({ maintenance: { since: 1, until: null, by: 'ops' } }), now());
  registry.applyState('db', state({ link: 'offline', phase: 'exited', exitCode: 3, pid: null }), now());
  registry.applyBeat('rack1/web', beat({ interval: 7 }), now());
  clock.pass(5000);
  registry.applyState('rack1/gone', state({ link: 'lost', reason: 'timeout' }), now());
  for (const record of registry.all()) roster.state(record);
  roster.stop();
  return { ...rest, clock, first };
}

test('a start finds who was known: what was lost stays lost, with its times, what was online is unknown', t => {
  const { start, clock, first } = filled(t);
  const lostAt = first.registry.get('rack1/gone')?.linkAt.now;
  clock.pass(15_000);
  clock.monotonic = 10;
  const { registry, said } = start();
  assert.deepEqual(paths(registry), ['api', 'db', 'rack1', 'rack1/gone', 'rack1/web']);
  const seen = (path: string) => {
    const record = registry.get(path);
    assert.ok(record);
    return verdict(registry, record);
  };
  assert.deepEqual(
    ['rack1', 'rack1/web', 'rack1/gone', 'api', 'db'].map(path => seen(path).status),
    ['unknown', 'unknown', 'unknown', 'unknown', 'stopped'],
  );
  const web = registry.get('rack1/web');
  assert.deepEqual(
    [web?.app, web?.labels, web?.desired, web?.epoch, web?.pid, web?.interval, web?.phase],
    ['web', { zone: 'a' }, 'running', 10, 41, 7, 'running'],
  );
  assert.deepEqual(registry.get('api')?.maintenance, { since: 1, until: null, by: 'ops' });
  assert.equal(registry.get('db')?.exitCode, 3);
  const gone = registry.get('rack1/gone');
  assert.deepEqual([gone?.link, gone?.cause, gone?.linkAt.now], ['lost', 'timeout', lostAt]);
  assert.equal(gone?.linkAt.mono, 10 - 15_000, 'as long ago as it is, by a clock that began anew');
  assert.deepEqual(
    said.map(({ message }) => message),
    ['nodes known from before'],
  );

  registry.applyBeat('rack1', beat({ kind: 'relay', seq: 2 }), { now: clock.now(), mono: clock.mono() });
  assert.deepEqual([seen('rack1').status, seen('rack1/web').status], ['up', 'unknown'], 'its grace begins');
  clock.pass(1e6);
  assert.deepEqual([seen('rack1/web').status, seen('rack1/gone').status], ['unknown', 'down']);
  registry.applyBeat('rack1/web', beat({ seq: 2 }), { now: clock.now(), mono: clock.mono() });
  assert.equal(seen('rack1/web').status, 'up');
});

test('its states are what the broker had retained', t => {
  const { start } = filled(t);
  const retained = start().roster.retained();
  const of = (topic: string) =>
    JSON.parse(String(retained.find(message => message.topic === topic)?.payload));
  assert.equal(retained.length, 5);
  const { link, reason, phase, epoch } = of('canopy/rack1/gone/state');
  assert.deepEqual([link, reason, phase, epoch], ['lost', 'timeout', 'running', 10]);
  assert.deepEqual(of('canopy/api/state').maintenance, { since: 1, until: null, by: 'ops' });
});

test('a maintenance that was lifted here stays so over a restart', t => {
  const { start, clock } = filled(t);
  const { registry, roster } = start();
  const record = registry.get('api');
  assert.ok(record);
  lift(record);
  roster.lifted(record);
  roster.stop();
  clock.pass(1000);
  assert.equal(start().registry.get('api')?.maintenance, null);
});

test('an announced restart keeps its deadline', t => {
  const { clock, start } = place(t);
  const first = start();
  const goodbye = {
    link: 'offline',
    reason: 'restart',
    ts: clock.now(),
    restartBy: clock.now() + 30_000,
  } as const;
  first.registry.applyState('web', state(goodbye), { now: clock.now(), mono: clock.mono() });
  first.told('web');
  first.roster.stop();
  clock.pass(20_000);
  const { registry } = start();
  const status = () => verdict(registry, registry.get('web') as never).status;
  assert.equal(status(), 'degraded');
  clock.pass(10_000);
  assert.equal(status(), 'down');
});

test('heartbeats write nothing', async t => {
  const { file, start } = place(t);
  const { registry, roster } = start();
  const hear = (seq: number) => {
    const heard = beat({ seq });
    const applied = registry.applyBeat('web', heard, at(seq));
    if (!applied.stale) roster.beat(applied.record, { ...heard, v: 1, ts: 1 } as never, applied.from);
  };
  hear(1);
  await until(() => readFileSync(file, 'utf8').includes('"web"'));
  const before = readFileSync(file, 'utf8');
  for (let seq = 2; seq < 1000; seq++) hear(seq);
  roster.stop();
  assert.equal(readFileSync(file, 'utf8'), before);
});

test('what is forgotten is gone, at once', t => {
  const { start } = filled(t);
  const { registry, roster } = start();
  roster.forgotten(registry.forget('rack1'));
  assert.deepEqual(paths(start().registry), ['api', 'db']);
});

test('graves, and what is owed to the parent, are kept until they are closed and paid', t => {
  const { start } = place(t);
  const { roster } = start();
  const grave = { path: 'rack1/web', epoch: 5, at: 7 };
  roster.bury(grave);
  roster.bury({ ...grave, path: 'rack1/api' });
  roster.owe(['a', 'b']);
  roster.close('rack1/api');
  roster.paid(['b', 'never owed']);
  const again = start().roster;
  assert.deepEqual([again.graves.under('rack1'), [...again.owed]], [[grave], ['a']]);
  again.bury({ ...grave, path: 'late', at: 7 + 30 * 86_400_000 });
  assert.equal(start().roster.graves.size, 1, 'after thirty days nobody comes for it');
});

test('it is written anew before it grows without end, and nothing is lost over that', async t => {
  const { file, start } = place(t);
  const { registry, roster, told } = start();
  const lines = () => readFileSync(file, 'utf8').split('\n').length;
  let most = 0;
  for (let turn = 0; turn < 6000; turn++) {
    taken(registry, `n${turn % 3}`, state({ pid: turn + 1 }), turn);
    told(`n${turn % 3}`);
    roster.stop();
    if (turn % 100 === 0) {
      most = Math.max(most, lines());
      await new Promise(setImmediate);
    }
  }
  await until(() => lines() < 2200, 5000, 'it has been written anew');
  assert.ok(most < 2500, `${most} lines`);
  const again = start().registry;
  assert.deepEqual(
    [0, 1, 2].map(n => again.get(`n${n}`)?.pid),
    [5998, 5999, 6000],
  );
});

test('what changes while it is written anew is in it', async t => {
  const { file, start } = place(t);
  const { registry, roster, told } = start();
  const lines = () => readFileSync(file, 'utf8').split('\n').length;
  const change = (path: string, pid: number) => {
    taken(registry, path, state({ pid }), pid);
    told(path);
    roster.stop();
  };
  let pid = 0;
  // In one go: it is begun in here, and ends in a later turn.
  for (let turn = 0; turn < 2010; turn++) change('n', ++pid);
  change('during', ++pid);
  await until(() => lines() < 100, 5000, 'it has been written anew');
  assert.equal(start().registry.get('during')?.pid, pid);
});

describe('a file that is bad', () => {
  const lineOf = (path: string) =>
    JSON.stringify({
      path,
      state: { v: 1, ts: 1, ...state() },
      linkAt: 1,
      factsAt: 1,
      seenAt: 1,
      interval: 3,
      speaker: null,
    });

  test('cut off in the last line: said, the rest kept, and written on', t => {
    const { file, start, aside } = place(t);
    writeFileSync(file, `{"v":1}\n${lineOf('a')}\n${lineOf('b').slice(0, 40)}`);
    const { registry, said, roster } = start();
    assert.deepEqual(paths(registry), ['a']);
    assert.equal(said[0]?.code, 'bad-roster');
    assert.match(said[0]?.message ?? '', /the last line was cut off in the writing; 1 nodes are kept/);
    taken(registry, 'c', state(), 1);
    roster.state(registry.get('c') as never);
    roster.stop();
    assert.deepEqual([paths(start().registry), aside()], [['a', 'c'], []]);
  });

  test('lines that are none of ours: set aside, the others kept', t => {
    const { file, start, aside } = place(t);
    const bad = [
      '{"path":"../etc"}',
      'rubbish',
      'null',
      '7',
      lineOf('x').replace('"interval":3', '"interval":-1'),
      lineOf('x').replace('online', 'sideways'),
      lineOf('x').replace('"linkAt":1', '"linkAt":"1"'),
      '{"gone":7}',
      '{"grave":{"path":"a/b"}}',
      '{"grave":null}',
    ];
    const text = `{"v":1}\n${lineOf('a')}\n${bad.join('\n')}\n${lineOf('b')}\n`;
    writeFileSync(file, text);
    const { registry, said } = start();
    assert.deepEqual(paths(registry), ['a', 'b']);
    assert.equal(said[0]?.code, 'bad-roster');
    assert.match(
      said[0]?.message ?? '',
      /10 of 13 lines are none of ours \(line 3: .*\); 2 nodes are kept; it is set aside as /,
    );
    assert.deepEqual(
      aside().map(name => readFileSync(join(file, '..', name), 'utf8')),
      [text],
    );
    const again = start();
    assert.deepEqual(
      [paths(again.registry), again.said[0]?.code, aside().length],
      [['a', 'b'], undefined, 1],
    );
  });

  test('of a newer version: set aside whole, and begun anew', t => {
    const { file, start, aside } = place(t);
    writeFileSync(file, `{"v":2}\n${lineOf('a')}\n`);
    const { registry, said } = start();
    assert.deepEqual([paths(registry), said[0]?.code, aside().length], [[], 'newer-roster', 1]);
    assert.match(said[0]?.message ?? '', /it is of version 2, and 1 is the newest that is known here/);
    assert.equal(readFileSync(file, 'utf8'), '{"v":1}\n');
  });

  test('a directory in its place is set aside like any other', t => {
    const { file, start, aside } = place(t);
    mkdirSync(file);
    const { said } = start();
    assert.deepEqual([said[0]?.code, aside().length], ['bad-roster', 1]);
    assert.equal(readFileSync(file, 'utf8'), '{"v":1}\n');
  });

  test('no more nodes than there may be', t => {
    const { file, start } = place(t);
    appendFileSync(file, `{"v":1}\n${['a', 'b', 'c', 'a'].map(lineOf).join('\n')}\n`);
    assert.deepEqual(paths(start(2).registry), ['a', 'b']);
  });

  test('that can not be written: said once with its code, and when it can be again all of it is there', t => {
    const { dir, file, start } = place(t);
    const { registry, said, told, roster } = start();
    const change = (path: string) => {
      taken(registry, path, state(), 1);
      told(path);
      roster.stop();
    };
    rmSync(dir, { recursive: true });
    writeFileSync(dir, 'no directory');
    change('a');
    change('b');
    assert.deepEqual(
      said.map(({ code }) => code),
      ['unwritable-roster'],
    );
    rmSync(dir);
    change('c');
    assert.deepEqual(said.at(-1), { message: 'the roster can be written again' });
    assert.match(readFileSync(file, 'utf8'), /"a".*\n.*"b".*\n.*"c"/);
  });

  test('a large one that can not be written is not tried at every change, and written by itself in the end', async t => {
    const { dir, file } = place(t);
    rmSync(dir, { recursive: true });
    writeFileSync(dir, 'no directory');
    let tries = 0;
    /** As much as it takes to write very many. */
    class Large extends Contents {
      override *lines() {
        tries += 1;
        for (const begun = performance.now(); performance.now() - begun < 10; );
        yield* super.lines();
      }
    }
    const contents = new Large(10);
    const roster = new RosterFile(file, contents, () => {});
    for (let turn = 0; turn < 30; turn++) {
      contents.owed.add(`n${turn}`);
      roster.append([{ owed: `n${turn}` }]);
    }
    assert.ok(tries <= 2, `${tries} times`);
    rmSync(dir);
    await until(() => existsSync(file));
    assert.match(readFileSync(file, 'utf8'), /"n29"/);
  });
});
