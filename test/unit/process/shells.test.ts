/** The scripts of the wrapper under every shell that /bin/sh may be, forked when the orders come or waiting for them. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readExit, readRecord } from '../../../src/process/target-record.js';
import {
  type Orders,
  PROMPT_LESSON,
  promptOrders,
  SECOND_LESSON,
  secondOrders,
  WAITING_LESSON,
  waitingOrders,
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

const say = (child: ChildProcess, to: number, text: string): unknown =>
  (child.stdio[to as 0] as Socket).end(text);

async function ordered(t: TestContext, env: NodeJS.ProcessEnv): Promise<Orders> {
  const dataDir = await workDir(t);
  writeFileSync(join(dataDir, 'target.token'), 'mine\n');
  // Its own standard input comes last: it would wait for ever, were that not at its end.
  const words = ['cat', '/proc/self/environ', '-'];
  const more = { before: [], mark: '', cwd: '/', umask: '027', bootId: 'boot', token: 'mine' };
  return { dataDir, words, env, output: oneFile(join(dataDir, 'out')), ...more };
}

for (const [name, args] of Object.entries(SHELLS))
  for (const waits of [false, true])
    test(`${name}, ${waits ? 'waiting' : 'prompt'}`, {
      skip: find(name) === null && `needs ${name}`,
    }, async t => {
      const shell = `${find(name)} ${args.join(' ')}`;
      for (const env of [{ PATH: process.env.PATH }, { PATH: process.env.PATH, ...ODD }]) {
        const orders = await ordered(t, env);
        const stdio = ['pipe', 'ignore', 'ignore', 'pipe', 'pipe'] as const;
        const child = spawn(find(name) as string, args, { env: {}, detached: true, stdio: [...stdio] });
        const ended = new Promise(resolve => child.once('exit', resolve));
        say(
          child,
          0,
          waits
            ? WAITING_LESSON.replace('/bin/sh', shell) + waitingOrders(orders)
            : PROMPT_LESSON + promptOrders(orders),
        );
        say(child, 4, waits ? SECOND_LESSON + secondOrders(orders) : '');
        assert.equal(await ended, 0);
        const record = await readRecord(orders.dataDir);
        assert.equal(record?.group, child.pid);
        assert.deepEqual(await readExit(orders.dataDir, 'mine'), { code: 0, signal: null });
        const seen = readFileSync(orders.output.stdout, 'utf8').split('\0').filter(Boolean);
        assert.deepEqual(
          seen.sort(),
          Object.entries(env)
            .map(pair => pair.join('='))
            .sort(),
        );
      }
    });

test('what waits ends with whoever started it, and starts nothing', async t => {
  const orders = await ordered(t, {});
  const child = spawn('/bin/sh', [], {
    env: {},
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise(resolve => child.once('exit', resolve));
  (child.stdin as Socket).write(WAITING_LESSON);
  (child.stdio[4 as 0] as Socket).write(SECOND_LESSON + secondOrders(orders).slice(0, -3));
  for (const pipe of [child.stdin, child.stdio[4 as 0]]) (pipe as Socket).end();
  await ended;
  assert.equal(await until(() => readFileSync(join(orders.dataDir, 'target.token'), 'utf8')), 'mine\n');
  assert.equal(await readRecord(orders.dataDir), null);
});
