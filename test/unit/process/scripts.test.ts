/** The script of the shim, and that of the wrapper under every shell that /bin/sh may be: what is ordered, what is told, what is recorded. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { adoptTarget } from '../../../src/process/adopt.js';
import { bootId } from '../../../src/process/identity.js';
import { OVERTAKEN } from '../../../src/process/launch-words.js';
import { type Orders, shimOrders } from '../../../src/process/orders.js';
import { inWords } from '../../../src/process/shell-words.js';
import { SHIM_SCRIPT } from '../../../src/process/shim-script.js';
import { signalProcess } from '../../../src/process/signals.js';
import { lives } from '../../../src/process/stat.js';
import {
  END_BYTES,
  readTargetFile,
  TOKEN_BYTES,
  writeToken,
  writeWho,
} from '../../../src/process/target-file.js';
import { readExit, readRecord } from '../../../src/process/target-record.js';
import { wrapperScript } from '../../../src/process/wrapper.js';
import { find } from '../../support/parts.js';
import { until } from '../../support/wait.js';
import { oneFile, workDir } from './support.js';
import { children } from './target-support.js';

const ODD = {
  'a.b': '1',
  IFS: 'q',
  UID: '7',
  SECONDS: 'x',
  EMPTY: '',
  LINES: 'a\nb',
  EQUALS: 'a=b',
  QUOTES: `it's "$HOME" \`id\` \\`,
  LETTERS: 'Łódź ü 日本',
  PWD: '/nonsense',
  SHLVL: '5',
  _: 'mine',
};

async function ordered(t: TestContext, env: NodeJS.ProcessEnv, more: Partial<Orders> = {}): Promise<Orders> {
  const dataDir = await workDir(t);
  writeToken(dataDir, 'mine', 'launch');
  // Its own standard input comes last: it would wait for ever, were that not at its end.
  const words = ['cat', '/proc/self/environ', '-'];
  const rest = {
    before: [],
    cgroup: '',
    mark: '',
    cwd: '/',
    umask: '027',
    bootId: 'boot',
    token: 'mine',
    at: 1,
  };
  return { dataDir, words, env, output: oneFile(join(dataDir, 'out')), ...rest, ...more };
}

interface Script {
  readonly name: string;
  readonly command: readonly string[];
  readonly isShim: boolean;
  /** Whether the target shares the group of who starts it. */
  readonly shares?: boolean;
  /** There is one that waits for its orders. */
  readonly spare?: boolean;
  ordersOf(orders: Orders): string;
}

const setsid = find('setsid');
const inPerl = (script: string): string[] => [find('perl') ?? '', '-e', script];
const PERL = inPerl(SHIM_SCRIPT);
/** Its numbers of system calls, and those that there are not. */
const NUMBERS = /(?<=\$clone3\) = .*\} )\d+, \d+, \d+(?=;\n)/;
const replaced = (script: string, what: RegExp, by: string): string => {
  assert.match(script, what);
  return script.replace(what, by);
};
/** Its Perl has no numbers of 64 bits either. */
const unknown = inPerl(replaced(replaced(SHIM_SCRIPT, NUMBERS, '0, 0, 0'), /'q2'/, "'?2'"));
const mistaken = inPerl(replaced(SHIM_SCRIPT, NUMBERS, '99999, 99999, 99999'));
const shim: Script = { name: 'shim', command: PERL, isShim: true, ordersOf: shimOrders };
const wrappers = [['dash'], ['bash', '--posix'], ['busybox', 'sh']].flatMap(([shell = '', ...args]) =>
  [setsid, null].map(
    (session): Script => ({
      name: `wrapper, ${shell}${session === null ? ', no setsid' : ''}`,
      command: [find(shell) ?? '', ...args],
      isShim: false,
      shares: session === null,
      ordersOf: orders => wrapperScript(orders, session),
    }),
  ),
);
const SCRIPTS: readonly Script[] = [
  shim,
  { ...shim, name: 'shim, spare', spare: true },
  { ...shim, name: 'shim, of an unknown system', command: unknown },
  { ...shim, name: 'shim, of another system', command: mistaken },
  ...wrappers,
];
const isThere = ({ command }: Script): boolean => command[0] !== '';

/** How long it ran is another matter. */
const withoutTime = (word: string): string => word.replace(/( over [=-]?\d+) \d+/, '$1');

/** With what it says on descriptor 3, line by line. */
async function begun(t: TestContext, { command, spare }: Script, before: readonly string[] = []) {
  const [file = '', ...args] = [...before, ...command];
  const stdio = ['pipe', 'ignore', 'ignore', 'pipe'] as const;
  const child = spawn(file, args, { env: {}, detached: true, stdio: [...stdio] });
  const words: string[] = [];
  let text = '';
  (child.stdio[3] as Socket).setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    words.splice(0, words.length, ...text.split('\n').slice(0, -1).map(withoutTime));
  });
  child.stdin?.on('error', () => {});
  t.after(() => child.kill('SIGKILL'));
  if (spare) await until(() => children(child.pid as number).length === 1);
  return { child, words };
}

/** A shell has no more than the number. */
const statusOf = ({ isShim }: Script, code: number): string => `${isShim ? '=' : ''}${code}`;

/** Until the target is over. */
async function toTheEnd(t: TestContext, script: Script, orders: Orders, code = 0) {
  const { child, words } = await begun(t, script);
  const [spare] = script.spare ? children(child.pid as number) : [];
  child.stdin?.write(script.ordersOf(orders));
  await until(
    () => words.includes(`mine over ${statusOf(script, code)}`),
    5000,
    () => words.join(),
  );
  return { child, words, spare };
}

const ended = (child: ChildProcess): Promise<unknown> =>
  until(() => child.exitCode !== null || child.signalCode !== null);

for (const script of SCRIPTS) {
  const skip = !isThere(script) && `needs ${script.name}`;

  test(`${script.name}: the environment to the byte, and all that is told and recorded`, {
    skip,
  }, async t => {
    for (const env of [{ PATH: process.env.PATH }, { PATH: process.env.PATH, ...ODD }]) {
      const orders = await ordered(t, env);
      const { child, words, spare } = await toTheEnd(t, script, orders);
      const record = readRecord(orders.dataDir);
      assert.deepEqual([record?.group, record?.keeper], [script.shares ? child.pid : record?.pid, child.pid]);
      if (script.spare) assert.equal(record?.pid, spare);
      const started = `mine started ${record?.pid} ${record?.group} ${record?.startTime}`;
      const ready = script.isShim ? ['ready'] : [];
      assert.deepEqual(words.toSorted(), [...ready, started, `mine over ${statusOf(script, 0)}`].toSorted());
      assert.deepEqual(readExit(orders.dataDir, 'mine'), { code: 0, signal: null });
      const seen = readFileSync(orders.output.stdout, 'utf8').split('\0').filter(Boolean);
      const given = Object.entries(env).map(pair => pair.join('='));
      assert.deepEqual(seen.sort(), given.sort());
      child.stdin?.end();
      await ended(child);
    }
  });

  test(`${script.name}: a target has all signals back, and its own session where there can be one`, {
    skip,
  }, async t => {
    const words = ['grep', '-E', '^(SigBlk|SigIgn|NSsid)', '/proc/self/status'];
    const orders = await ordered(t, { PATH: process.env.PATH }, { words });
    const { child } = await toTheEnd(t, script, orders);
    const session = script.shares ? child.pid : readRecord(orders.dataDir)?.pid;
    const text = readFileSync(orders.output.stdout, 'utf8');
    assert.match(text, new RegExp(`^NSsid:(\\t\\d+)*\\t${session}\nSigBlk:\t0+\nSigIgn:\t0+\n$`));
    child.stdin?.end();
  });

  test(`${script.name}: orders that are cut off start nothing, and it ends`, { skip }, async t => {
    const orders = await ordered(t, {});
    const { child, words } = await begun(t, script);
    child.stdin?.end(script.ordersOf(orders).slice(0, -3));
    await ended(child);
    assert.deepEqual([words.filter(line => line !== 'ready'), readRecord(orders.dataDir)], [[], null]);
  });

  test(`${script.name}: one that finds its token changed never becomes the target`, { skip }, async t => {
    const orders = await ordered(t, { PATH: process.env.PATH }, { words: ['touch', 'twin'] });
    const twin = { ...orders, cwd: orders.dataDir };
    // Late as it is, it leaves the record of another alone.
    writeToken(orders.dataDir, 'other', 'launch');
    writeWho(orders.dataDir, '4242 1 boot other 4242 4241 1');
    (await toTheEnd(t, script, twin, OVERTAKEN)).child.stdin?.end();
    assert.equal(readRecord(orders.dataDir)?.pid, 4242);
    assert.ok(!existsSync(join(orders.dataDir, 'twin')));
    writeToken(orders.dataDir, 'mine', 'launch');
    (await toTheEnd(t, script, twin)).child.stdin?.end();
    assert.ok(existsSync(join(orders.dataDir, 'twin')));
  });

  test(`${script.name}: a program with = in its path, where variables need another program`, {
    skip,
  }, async t => {
    const folder = join(await workDir(t), 'a=b');
    mkdirSync(folder);
    writeFileSync(join(folder, 'prog'), '#!/bin/sh\nexit 5\n', { mode: 0o755 });
    const orders = await ordered(t, { 'odd.name': '1' }, { words: [join(folder, 'prog'), 'echo', 'wrong'] });
    (await toTheEnd(t, script, orders, 5)).child.stdin?.end();
  });

  test(`${script.name}: files for the output keep others out, whatever the umask of the target`, {
    skip,
  }, async t => {
    const orders = await ordered(t, { PATH: process.env.PATH }, { words: ['sh', '-c', 'umask'], umask: '' });
    const { child, words } = await begun(t, script, ['/bin/sh', '-c', 'umask 002; exec "$@"', 'sh']);
    child.stdin?.end(script.ordersOf(orders));
    await until(() => words.includes(`mine over ${statusOf(script, 0)}`));
    assert.equal(statSync(orders.output.stdout).mode & 0o777, 0o640);
    assert.equal(readFileSync(orders.output.stdout, 'utf8'), '0002\n');
  });
}

test('what every shell has in its environment takes no other program to set', () => {
  assert.deepEqual(inWords({ PATH: '/bin', _: '/usr/bin/node', PWD: '/', SHLVL: '1', HOME: '/' }).before, []);
});

const skip = !isThere(shim) && 'needs perl';

test('a shim finds a program as execvp(3) does', { skip }, async t => {
  const folder = await workDir(t);
  for (const [PATH, code] of [
    [`/nowhere:${folder}:/usr/bin:/bin`, 0],
    [undefined, 0],
    ['/nowhere', 127],
    ['', 127],
  ] as const) {
    const orders = await ordered(t, PATH === undefined ? {} : { PATH }, { words: ['true'] });
    const { child, words } = await toTheEnd(t, shim, orders, code);
    assert.equal(words.includes('mine not-found'), code === 127, PATH);
    child.stdin?.end();
  }
});

test('a shim that can fork nobody says so, and goes on', {
  skip:
    skip ||
    ((process.getuid?.() !== 0 || find('setpriv') === null || find('prlimit') === null) && 'needs root'),
}, async t => {
  const other = ['prlimit', '--nproc=1', 'setpriv', '--reuid=12345', '--regid=12345', '--clear-groups'];
  const { child, words } = await begun(t, shim, other);
  const orders = await ordered(t, {});
  for (const token of ['one', 'two']) child.stdin?.write(shimOrders({ ...orders, token }));
  await until(() => words.length === 3);
  assert.deepEqual(words, ['ready', 'one no-process', 'two no-process']);
  child.stdin?.end();
  await ended(child);
});

test('a shim whose leaf has gone stays until its last target has ended, without a spare', {
  skip,
}, async t => {
  const orders = await ordered(t, { PATH: process.env.PATH }, { words: ['sleep', '3600'] });
  const { child, words } = await begun(t, { ...shim, spare: true });
  child.stdin?.write(shimOrders(orders));
  await until(() => words.some(word => word.startsWith('mine started')));
  const { pid = 0 } = readRecord(orders.dataDir) ?? {};
  await until(() => children(child.pid as number).length === 2, 5000, 'another one waits');
  child.stdin?.end();
  child.stdio[3]?.destroy();
  await until(() => children(child.pid as number).length === 1);
  signalProcess(pid, 'SIGTERM');
  await ended(child);
  assert.deepEqual(readExit(orders.dataDir, 'mine'), { code: null, signal: 'SIGTERM' });
});

test('an order of which a shim that was killed has said but half to its spare starts nothing', {
  skip,
}, async t => {
  const { child } = await begun(t, { ...shim, spare: true });
  const [spare = 0] = children(child.pid as number);
  signalProcess(spare, 'SIGSTOP');
  // More than a pipe takes.
  const orders = await ordered(t, { PATH: process.env.PATH, LONG: 'x'.repeat(100_000) });
  child.stdin?.write(shimOrders(orders));
  await until(
    () => readFileSync(`/proc/${child.pid}/wchan`, 'utf8').includes('pipe'),
    5000,
    'it waits to write',
  );
  child.kill('SIGKILL');
  await ended(child);
  signalProcess(spare, 'SIGCONT');
  await until(() => !lives(spare));
  assert.equal(readRecord(orders.dataDir), null);
});

test('the end of one that somebody else has followed meanwhile is not written over that of the other', {
  skip,
}, async t => {
  const orders = await ordered(t, { PATH: process.env.PATH }, { words: ['sleep', '3600'] });
  const { child, words } = await begun(t, shim);
  child.stdin?.write(shimOrders(orders));
  await until(() => words.some(word => word.startsWith('mine started')));
  const { pid = 0 } = readRecord(orders.dataDir) ?? {};
  const lines = ['other'.padEnd(TOKEN_BYTES - 1), 'other 5'.padEnd(END_BYTES - 1), ''];
  writeFileSync(join(orders.dataDir, 'target.run'), lines.join('\n'));
  writeWho(orders.dataDir, '4242 1 boot other 4242 4241 1');
  signalProcess(pid, 'SIGKILL');
  await until(() => words.includes('mine over -9'));
  assert.deepEqual(readExit(orders.dataDir, 'other'), { code: 5, signal: null });
});

test('a kernel that knows no clone3 is asked but once: what begins in no cgroup begins all the same', {
  skip,
}, async t => {
  const { child, words } = await begun(t, { ...shim, command: mistaken });
  for (const [nth, isAsked] of [true, false].entries()) {
    const orders = await ordered(t, { PATH: process.env.PATH }, { words: ['true'] });
    // Made to look like one.
    const cgroup = join(orders.dataDir, 'cgroup');
    if (isAsked) {
      mkdirSync(cgroup);
      writeFileSync(join(cgroup, 'cgroup.kill'), '');
    }
    child.stdin?.write(shimOrders({ ...orders, cgroup }));
    await until(() => words.filter(word => word === 'mine over =0').length === nth + 1);
    assert.equal(existsSync(cgroup), isAsked);
  }
  assert.ok(!words.some(word => word.endsWith('inside')));
});

test('whenever the next leaf comes, however slow the other is: it finds the target, or that never runs', {
  skip,
}, async t => {
  // Before and after each look at the token.
  const slowly = SHIM_SCRIPT.replaceAll(
    /^ {2}(?=(?:exit \d+ unless |if \(!)is_mine\()|^(?<=sub overwrite \{\n)/gm,
    'select undef, undef, undef, 0.2;\n',
  );
  assert.equal(slowly.split('0.2;').length, 4);
  const came = async (afterMs: number): Promise<boolean> => {
    const words = ['sh', '-c', 'echo ran; exec sleep 3600'];
    const orders = await ordered(t, { PATH: process.env.PATH }, { words, bootId: bootId() });
    const { child, words: told } = await begun(t, { ...shim, command: [PERL[0] as string, '-e', slowly] });
    child.stdin?.write(shimOrders(orders));
    await pause(afterMs);
    const found = await adoptTarget(orders.dataDir);
    child.stdin?.end();
    if (found && 'running' in found) {
      // It may still find that it was overtaken: then it ends as one that is gone.
      signalProcess(found.running.pid, 'SIGKILL');
      await found.running.exited;
      return true;
    }
    await until(() => told.some(word => word.startsWith('mine over')));
    assert.ok(!readFileSync(orders.output.stdout, 'utf8').includes('ran'), `after ${afterMs} ms`);
    return false;
  };
  const seen = await Promise.all(Array.from({ length: 9 }, (_, nth) => came(nth * 100)));
  assert.ok(seen.includes(true) && seen.includes(false), seen.join());
});

test('signals to all of a service are for its targets: a shim tells how they took them', {
  skip,
}, async t => {
  const { child, words } = await begun(t, shim);
  const script = 'trap "exit 42" TERM; echo ready; while :; do sleep 0.01; done';
  const orders = await ordered(t, { PATH: process.env.PATH }, { words: ['sh', '-c', script] });
  child.stdin?.write(shimOrders(orders));
  await until(
    () => existsSync(orders.output.stdout) && readFileSync(orders.output.stdout, 'utf8') === 'ready\n',
  );
  for (const pid of [child.pid as number, readRecord(orders.dataDir)?.pid ?? 0])
    signalProcess(pid, 'SIGTERM');
  await until(() => words.includes('mine over =42'));
});

test('a shim measures how long it ran, and records no end of one who was never the target', {
  skip,
}, async t => {
  const { child, words } = await begun(t, shim);
  const raw: string[] = [];
  (child.stdio[3] as Socket).on('data', (text: string) => raw.push(text));
  const orders = await ordered(t, { PATH: process.env.PATH }, { words: ['sleep', '0.3'] });
  child.stdin?.write(shimOrders(orders));
  await until(() => words.includes('mine over =0'));
  const ran = Number(/ over =0 (\d+)\n/.exec(raw.join(''))?.[1]);
  assert.ok(ran >= 300 && ran < 3000, `${ran} ms`);
  const other = await ordered(t, {}, { cwd: '/nowhere' });
  child.stdin?.write(shimOrders(other));
  await until(() => words.includes('mine over =127'));
  assert.equal(readTargetFile(other.dataDir)?.end, '');
});

test('no word is lost where the leaf does not listen and children end meanwhile', { skip }, async t => {
  const { child, words } = await begun(t, shim);
  // Each small word takes a buffer of its own: some 280 fill the socket.
  const all = await Promise.all(
    Array.from({ length: 400 }, () => ordered(t, {}, { words: ['/bin/sleep', '3600'] })),
  );
  for (const [nth, orders] of all.entries()) {
    writeToken(orders.dataDir, `mine${nth}`, 'launch');
    child.stdin?.write(shimOrders({ ...orders, token: `mine${nth}` }));
  }
  const pids = () => words.flatMap(word => / started (\d+)/.exec(word)?.[1] ?? []).map(Number);
  await until(() => pids().length === all.length, 30_000);
  const [first, later] = [pids().slice(0, 350), pids().slice(350)];
  for (const pid of first) signalProcess(pid, 'SIGKILL');
  // Nothing of this process runs meanwhile, so that it does not listen.
  const waits = (): boolean => {
    for (const end = performance.now() + 5000; performance.now() < end; )
      if (readFileSync(`/proc/${child.pid}/wchan`, 'utf8').includes('sock')) return true;
    return false;
  };
  assert.ok(waits(), 'for somebody to listen');
  for (const pid of later) {
    signalProcess(pid, 'SIGKILL');
    assert.ok(waits());
  }
  const ends = () => words.filter(word => word.endsWith(' over -9')).length;
  await until(
    () => ends() === all.length,
    10_000,
    () => `${ends()} ends`,
  );
});
