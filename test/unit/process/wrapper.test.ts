/** The scripts of starter and wrapper under every shell that /bin/sh may be. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { inWords } from '../../../src/process/shell-words.js';
import { writeToken } from '../../../src/process/target-file.js';
import { readExit, readRecord } from '../../../src/process/target-record.js';
import {
  APPRENTICE_GONE,
  type Apart,
  apprenticeLesson,
  apprenticeOrders,
  LESSON,
  lessonOfMany,
  masterLesson,
  masterOrders,
  type Orders,
  oneOfMany,
  REAP,
  singleOrders,
} from '../../../src/process/wrapper.js';
import { find } from '../../support/parts.js';
import { until } from '../../support/wait.js';
import { oneFile, workDir } from './support.js';

const SHELLS: Record<string, string[]> = { dash: [], bash: ['--posix'], busybox: ['sh'] };
const ODD = {
  'a.b': '1',
  IFS: 'q',
  UID: '7',
  SECONDS: 'x',
  EMPTY: '',
  LINES: 'a\nb',
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
  const rest = { before: [], mark: '', cwd: '/', umask: '027', bootId: 'boot', token: 'mine', at: 1 };
  return { dataDir, words, env, output: oneFile(join(dataDir, 'out')), ...rest, ...more };
}

/** With what it says on descriptor 3, line by line. */
function starter(file: string, args: readonly string[]) {
  const stdio = ['pipe', 'ignore', 'ignore', 'pipe', 'pipe'] as const;
  const child = spawn(file, args, { env: {}, detached: true, stdio: [...stdio] });
  const words: string[] = [];
  let text = '';
  (child.stdio[3] as Socket).setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    words.splice(0, words.length, ...text.split('\n').slice(0, -1));
  });
  return { child, words };
}

const APART: Apart = { env: find('env') ?? '', setsid: find('setsid') ?? '' };

/** What is said to the shell, and to the one that it starts. */
type Script = (orders: Orders, shell: string) => readonly [string, string];
const ROLES: Record<string, Script> = {
  'of many': orders => [LESSON + lessonOfMany(APART) + oneOfMany(orders, APART), ''],
  prompt: orders => [LESSON + singleOrders(orders, APART.setsid), ''],
  'prompt, no setsid': orders => [LESSON + singleOrders(orders, null), ''],
  waiting: (orders, shell) => [
    LESSON + masterLesson(APART.setsid).replace('/bin/sh', shell) + masterOrders(orders),
    apprenticeLesson(APART.setsid) + apprenticeOrders(orders),
  ],
  'waiting, no setsid': (orders, shell) => [
    LESSON + masterLesson(null).replace('/bin/sh', shell) + masterOrders(orders),
    apprenticeLesson(null) + apprenticeOrders(orders),
  ],
};

/** Until the target is over, and well. */
async function toTheEnd(shell: readonly [string, ...string[]], script: Script, orders: Orders) {
  const [file, ...args] = shell;
  const { child, words } = starter(file, args);
  for (const [index, text] of script(orders, shell.join(' ')).entries())
    (child.stdio[index * 4] as Socket).write(text);
  const said = (): string => words.join();
  await until(() => words.includes('mine over 0'), 5000, said);
  return { child, words };
}

for (const [name, args] of Object.entries(SHELLS))
  for (const [role, script] of Object.entries(ROLES))
    test(`${name}, ${role}`, { skip: find(name) === null && `needs ${name}` }, async t => {
      for (const env of [{ PATH: process.env.PATH }, { PATH: process.env.PATH, ...ODD }]) {
        const orders = await ordered(t, env);
        const { child, words } = await toTheEnd([find(name) as string, ...args], script, orders);
        const record = readRecord(orders.dataDir);
        assert.equal(record?.group, role.endsWith('no setsid') ? child.pid : record?.pid);
        if (role !== 'of many') assert.equal(record?.wrapper, child.pid);
        const forked = role === 'of many' ? [`mine forked ${record?.wrapper}`] : [];
        const started = `mine started ${record?.pid} ${record?.group}`;
        const told = words.filter(line => line !== APPRENTICE_GONE);
        assert.deepEqual(told.toSorted(), [...forked, 'mine over 0', started]);
        assert.deepEqual(readExit(orders.dataDir, 'mine'), { code: 0, signal: null });
        const seen = readFileSync(orders.output.stdout, 'utf8').split('\0').filter(Boolean);
        const given = Object.entries(env).map(pair => pair.join('='));
        assert.deepEqual(seen.sort(), given.sort());
        if (role === 'of many') await forgotten(child);
        child.stdin?.end();
      }
    });

for (const [role, script] of Object.entries(ROLES))
  test(`a target has all signals back, and its own session where there can be one: ${role}`, async t => {
    const words = ['grep', '-E', '^(SigBlk|SigIgn|NSsid)', '/proc/self/status'];
    const orders = await ordered(t, { PATH: process.env.PATH }, { words });
    const { child } = await toTheEnd(['/bin/sh'], script, orders);
    const session = role.endsWith('no setsid') ? child.pid : readRecord(orders.dataDir)?.pid;
    const text = readFileSync(orders.output.stdout, 'utf8');
    assert.match(text, new RegExp(`^NSsid:(\\t\\d+)*\\t${session}\nSigBlk:\t0+\nSigIgn:\t0+\n$`));
    child.stdin?.end();
  });

/** Told to, the starter keeps nothing of wrappers that have ended. */
async function forgotten(child: ChildProcess): Promise<void> {
  await until(() => {
    child.stdin?.write(REAP);
    return readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8') === '';
  });
}

test('orders that are cut off start nothing, and end the shell', async t => {
  for (const script of Object.values(ROLES)) {
    const orders = await ordered(t, {});
    const { child, words } = starter('/bin/sh', []);
    const ended = new Promise(resolve => child.once('exit', resolve));
    const [own, second] = script(orders, '/bin/sh');
    (child.stdio[4 as 0] as Socket).end(second.slice(0, -3));
    child.stdin?.end(own.slice(0, -3));
    await ended;
    const told = words.filter(line => line !== APPRENTICE_GONE);
    assert.deepEqual([told, readRecord(orders.dataDir)], [[], null]);
  }
});

test('what every shell has in its environment takes no other program to set', () => {
  assert.deepEqual(inWords({ PATH: '/bin', _: '/usr/bin/node', PWD: '/', SHLVL: '1', HOME: '/' }).before, []);
});

test('a starter that cannot give signals back says so, and starts nothing', async t => {
  const orders = await ordered(t, {});
  const { child, words } = starter('/bin/sh', []);
  const ended = new Promise(resolve => child.once('exit', resolve));
  child.stdin?.end(LESSON + lessonOfMany({ ...APART, env: '/bin/false' }) + oneOfMany(orders, APART));
  await ended;
  assert.deepEqual([words, readRecord(orders.dataDir)], [['unfit'], null]);
});

test('files for the output keep others out, whatever the umask of the target', async t => {
  const orders = await ordered(t, { PATH: process.env.PATH }, { words: ['sh', '-c', 'umask'], umask: '' });
  const { child, words } = starter('/bin/sh', ['-c', 'umask 002; exec sh']);
  child.stdin?.end(LESSON + singleOrders(orders, null));
  await until(() => words.includes('mine over 0'));
  assert.equal(statSync(orders.output.stdout).mode & 0o777, 0o640);
  assert.equal(readFileSync(orders.output.stdout, 'utf8'), '0002\n');
});
