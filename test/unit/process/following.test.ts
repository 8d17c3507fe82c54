/** What follows the end of a target without a word from its leaf: when a shim launches it, and when that is left to the leaf. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  truncateSync,
} from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Cgroup } from '../../../src/process/cgroup.js';
import { OVERTAKEN } from '../../../src/process/launch-words.js';
import { type After, ASK, type Orders, shimOrders } from '../../../src/process/orders.js';
import { SHIM_SCRIPT } from '../../../src/process/shim-script.js';
import { signalGroup, signalProcess } from '../../../src/process/signals.js';
import { lives } from '../../../src/process/stat.js';
import { readTargetFile, writeToken } from '../../../src/process/target-file.js';
import { newToken, readExit, readRecord } from '../../../src/process/target-record.js';
import { find } from '../../support/parts.js';
import { until } from '../../support/wait.js';
import { compiled, program, workDir } from './support.js';
import { children, Place } from './target-support.js';

const perl = find('perl');
const skip = (perl === null || Cgroup.named('x') === null) && 'needs perl, and cgroups to make';
const sh = (script: string): string[] => ['sh', '-c', script];

/** A shim with a target, and another one that is to follow it. */
class Pair {
  readonly words: string[] = [];

  private constructor(
    readonly child: ChildProcess,
    readonly orders: Orders,
    readonly cgroup: Cgroup,
  ) {
    let text = '';
    (child.stdio[3] as Socket).setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const lines = text.split('\n').slice(0, -1);
      // How long it ran is another matter.
      this.words.splice(
        0,
        this.words.length,
        ...lines.map(line => line.replace(/( over [=-]?\d+) \d+/, '$1')),
      );
    });
    child.stdin?.on('error', () => {});
  }

  static async open(t: TestContext, words: readonly string[] = ['sleep', '3600'], script = SHIM_SCRIPT) {
    const dataDir = await workDir(t);
    const [stdout, stderr] = [join(dataDir, 'out'), join(dataDir, 'err')];
    const rest = {
      before: [],
      cgroup: '',
      mark: '',
      cwd: '',
      umask: '',
      bootId: 'boot',
      at: 1,
      token: 'first',
    };
    const env = { PATH: process.env.PATH };
    const orders = { dataDir, words, env, output: { stdout, stderr }, ...rest };
    const cgroup = Cgroup.named(`canopy-test-${process.pid}-${dataDir.slice(-6)}`) as Cgroup;
    mkdirSync(cgroup.path);
    const stdio = ['pipe', 'ignore', 'ignore', 'pipe'] as const;
    const child = spawn(perl as string, ['-e', script], { env: {}, detached: true, stdio: [...stdio] });
    const pair = new Pair(child, orders, cgroup);
    t.after(() => pair.clear());
    writeToken(dataDir, 'first', 'launch');
    pair.say(shimOrders(orders));
    await until(() => pair.told('first started'));
    // Its own is not of interest: that it has become it is.
    await until(() => readFileSync(`/proc/${pair.pid}/comm`, 'utf8') !== 'canopy shim\n' && pair.pid > 0);
    return pair;
  }

  private async clear(): Promise<void> {
    const { pid = 0 } = this.child;
    for (const one of [...(lives(pid) ? children(pid) : []), pid]) signalProcess(one, 'SIGKILL');
    this.cgroup.kill();
    await until(() => this.cgroup.members().length === 0);
    await this.cgroup.remove();
  }

  /** Of whom is recorded. */
  get pid(): number {
    return readRecord(this.orders.dataDir)?.pid ?? 0;
  }

  say(text: string): void {
    this.child.stdin?.write(text);
  }

  told(start: string): boolean {
    return this.words.some(word => word.startsWith(start));
  }

  /** Resolves when the shim knows of it. */
  async follow(after: Partial<After> = {}, next: Partial<Orders> = {}): Promise<void> {
    writeToken(this.orders.dataDir, 'next', 'look');
    const orders = { ...this.orders, token: 'next', at: 0, words: ['sleep', '3601'], ...next };
    const how = { token: 'first', unless: [], cgroup: this.cgroup.path, longest: 1000, ...after };
    this.say(shimOrders(orders, how));
    await this.settled();
  }

  async settled(): Promise<void> {
    const before = this.words.filter(word => word === 'ready').length;
    this.say(ASK);
    await until(() => this.words.filter(word => word === 'ready').length > before);
  }

  async end(name: NodeJS.Signals = 'SIGKILL'): Promise<string> {
    signalProcess(this.pid, name);
    await until(() => this.told('first over'));
    await this.settled();
    return this.words.find(word => word.startsWith('first over')) ?? '';
  }
}

test('the next one is there, recorded, before anybody is told; its start comes by the clock of then', {
  skip,
}, async t => {
  const pair = await Pair.open(t);
  const first = pair.pid;
  await pair.follow();
  await until(() => Date.now() % 1000 > 300);
  const from = Date.now();
  assert.equal(await pair.end(), 'first over -9 followed');
  await until(() => pair.told('next started'));
  const record = readRecord(pair.orders.dataDir);
  assert.ok(record && record.pid !== first && lives(record.pid));
  assert.deepEqual([record.token, record.keeper], ['next', pair.child.pid]);
  const later = record.launchedAt - from;
  assert.ok(later >= 0 && later < 5000, `${later} ms`);
  // It was recorded before the next one was; and that one is told of and recorded like any other.
  assert.deepEqual(readExit(pair.orders.dataDir, 'first'), { code: null, signal: 'SIGKILL' });
  signalProcess(record.pid, 'SIGTERM');
  await until(() => pair.words.includes('next over -15'));
  assert.deepEqual(readExit(pair.orders.dataDir, 'next'), { code: null, signal: 'SIGTERM' });
});

type Case = readonly [why: string, prepare: (pair: Pair, t: TestContext) => unknown, how?: Partial<After>];
const grown = (pair: Pair, text: string) => appendFileSync(pair.orders.output.stderr, text);

const LEFT: readonly Case[] = [
  ['another leaf has come', pair => newToken(pair.orders.dataDir, 'look')],
  ['the file of tokens is gone', pair => rmSync(join(pair.orders.dataDir, 'target.run'))],
  ['somebody is in its cgroup', async pair => pair.cgroup.enter(spawn('sleep', ['3600']).pid as number)],
  ['its cgroup is gone', pair => rmdirSync(pair.cgroup.path)],
  ['its output ends amid a line', pair => grown(pair, 'half')],
  ['its output is long', pair => grown(pair, `${'x'.repeat(999)}\n`)],
  [
    'its output has another name by now',
    ({ orders: { output } }) => renameSync(output.stdout, `${output.stdout}2`),
  ],
  [
    'its output is another file of that name',
    ({ orders: { output } }) => {
      renameSync(output.stdout, `${output.stdout}2`);
      appendFileSync(output.stdout, 'another line\n');
    },
  ],
  ['its output was cut', ({ orders: { output } }) => truncateSync(output.stdout)],
  ['it follows another one', () => {}, { token: 'other' }],
];
for (const [why, prepare, how] of LEFT)
  test(`left to the leaf where ${why}`, { skip }, async t => {
    const pair = await Pair.open(t);
    appendFileSync(pair.orders.output.stdout, 'line\n');
    await pair.follow(how);
    const { pid } = pair;
    await prepare(pair, t);
    signalProcess(pid, 'SIGKILL');
    await until(() => pair.told('first over'));
    await pair.settled();
    assert.ok(pair.words.includes('first over -9'), pair.words.join());
    assert.deepEqual(
      pair.words.filter(word => word.startsWith('next')),
      [],
    );
  });

test('left to the leaf where its exit code is one after which none follows, which no signal is', {
  skip,
}, async t => {
  const on143 = sh('trap "exit 143" TERM; while :; do sleep 0.01; done');
  for (const [words, expected] of [
    [on143, 'first over =143'],
    [['sleep', '3600'], 'first over -15 followed'],
  ] as const) {
    const pair = await Pair.open(t, [...words]);
    await pair.follow({ unless: [0, 143] });
    assert.equal(await pair.end('SIGTERM'), expected);
  }
});

test('left to the leaf where somebody of its group lives', { skip }, async t => {
  const pair = await Pair.open(t, sh('sleep 3600 & exec sleep 3600'));
  const group = pair.pid;
  t.after(() => signalGroup(group, 'SIGKILL'));
  await pair.follow();
  assert.equal(await pair.end(), 'first over -9');
  assert.equal(pair.told('next'), false);
});

test('an order that comes before what it follows is none', { skip }, async t => {
  const pair = await Pair.open(t);
  await pair.follow({ token: 'later' });
  const { dataDir } = pair.orders;
  writeToken(dataDir, 'later', 'launch');
  pair.say(shimOrders({ ...pair.orders, token: 'later' }));
  await until(() => pair.told('later started'));
  writeToken(dataDir, 'next', 'look');
  signalProcess(pair.pid, 'SIGKILL');
  await until(() => pair.told('later over'));
  assert.ok(pair.words.includes('later over -9'), pair.words.join());
});

test('whole lines and a file of less than the limit are gone on with, unlike a FIFO', { skip }, async t => {
  const pair = await Pair.open(t);
  grown(pair, `${'x'.repeat(998)}\n`);
  await pair.follow({}, { words: sh('echo more >&2; exec sleep 3600') });
  assert.equal(await pair.end(), 'first over -9 followed');
  await until(() => readFileSync(pair.orders.output.stderr, 'utf8').endsWith('x\nmore\n'));
  const other = await Pair.open(t);
  const fifo = join(other.orders.dataDir, 'fifo');
  assert.equal(spawnSync('mkfifo', [fifo]).status, 0);
  await other.follow({}, { output: { stdout: fifo, stderr: other.orders.output.stderr } });
  assert.equal(await other.end(), 'first over -9');
});

test('a file that goes away in the last moment is not made anew', { skip }, async t => {
  const slowly = SHIM_SCRIPT.replace('  redirect(*STDOUT', '  select undef, undef, undef, 0.3;\n$&');
  assert.notEqual(slowly, SHIM_SCRIPT);
  const pair = await Pair.open(t, ['sleep', '3600'], slowly);
  await pair.follow();
  assert.equal(await pair.end(), 'first over -9 followed');
  rmSync(pair.orders.output.stdout);
  await until(() => pair.told('next over'));
  assert.deepEqual([pair.told('next started'), existsSync(pair.orders.output.stdout)], [false, false]);
});

test('with its spare killed in the same moment it forks another one', { skip }, async t => {
  const pair = await Pair.open(t);
  await pair.follow();
  const shim = pair.child.pid as number;
  await until(() => children(shim).length === 2);
  const [first, spare] = [pair.pid, children(shim).find(pid => pid !== pair.pid) as number];
  signalProcess(shim, 'SIGSTOP');
  for (const pid of [spare, first]) {
    signalProcess(pid, 'SIGKILL');
    await until(() => !lives(pid));
  }
  signalProcess(shim, 'SIGCONT');
  await until(() => pair.told('next started') && pair.told('first over'));
  assert.ok(pair.words.includes('first over -9 followed'), pair.words.join());
  assert.deepEqual(readExit(pair.orders.dataDir, 'first'), { code: null, signal: 'SIGKILL' });
});

test('one that finds itself overtaken leaves who was before it, and how that ended', { skip }, async t => {
  const slowly = SHIM_SCRIPT.replace(/^ {2}if \(!is_mine/m, '  select undef, undef, undef, 0.5;\n$&');
  assert.notEqual(slowly, SHIM_SCRIPT);
  const pair = await Pair.open(t, sh('exec sleep 3600'), slowly);
  const { pid, orders } = pair;
  await pair.follow();
  signalProcess(pid, 'SIGKILL');
  await until(() => readRecord(orders.dataDir)?.token === 'next');
  newToken(orders.dataDir, 'look');
  await until(() => pair.words.includes(`next over =${OVERTAKEN}`));
  assert.equal(readRecord(orders.dataDir)?.pid, pid);
  assert.deepEqual(readExit(orders.dataDir, 'first'), { code: null, signal: 'SIGKILL' });
});

test('none follows where the leaf has gone', { skip }, async t => {
  const pair = await Pair.open(t);
  await pair.follow();
  const { pid, child } = pair;
  const count = (): number => children(child.pid as number).length;
  await until(() => count() === 2);
  child.stdin?.end();
  await until(() => count() === 1, 5000, 'it knows: its spare is gone');
  signalProcess(pid, 'SIGKILL');
  await until(() => child.exitCode !== null);
  assert.equal(pair.told('next'), false);
  assert.deepEqual(readExit(pair.orders.dataDir, 'first'), { code: null, signal: 'SIGKILL' });
});

test('what follows no more holds nobody up', { skip }, async t => {
  const pair = await Pair.open(t);
  const dataDir = await workDir(t);
  const args = [program('successor'), compiled('src/process/launch.js'), dataDir, pair.cgroup.path];
  const { stdout, status } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 5000 });
  assert.deepEqual([stdout, status], ['[{"code":null,"signal":"SIGKILL"},null]\n', 0]);
});

test('of one that ends at once it is told that it had begun, and that is told after the first', {
  skip,
}, async t => {
  const pair = await Pair.open(t);
  await pair.follow({}, { words: ['false'] });
  assert.equal(await pair.end(), 'first over -9 followed');
  await until(() => pair.words.includes('next over =1'));
  const order = pair.words
    .filter(word => word !== 'ready')
    .map(word => word.split(' ').slice(0, 2).join(' '));
  assert.deepEqual(order, ['first started', 'first over', 'next started', 'next over']);
  const [, started] = pair.words.filter(word => word.includes(' started ')).map(word => word.split(' '));
  assert.equal(started?.[2], String(pair.pid));
  assert.match(started?.[4] ?? '', /^\d+$/);
});

for (const [what, words, last] of [
  ['once it has begun', ['sleep', '3601'], 'next started'],
  ['even where it has ended by then', ['false'], 'next over =1'],
] as const)
  test(`one that is held up is told of, ${what}`, { skip }, async t => {
    const pair = await Pair.open(t);
    await pair.follow({}, { words });
    const shim = pair.child.pid as number;
    await until(() => children(shim).length === 2);
    const spare = children(shim).find(pid => pid !== pair.pid) as number;
    signalProcess(spare, 'SIGSTOP');
    assert.equal(await pair.end(), 'first over -9 followed');
    await until(() => children(shim).length === 2, 5000, 'there is another spare: it waits for nothing else');
    assert.equal(pair.told('next started'), false);
    signalProcess(spare, 'SIGCONT');
    await until(() => pair.told(last));
    assert.ok(pair.told(`next started ${spare} ${spare} `), pair.words.join());
  });

test('of one that has ended nothing follows, and the token of what came since stays good', {
  skip,
}, async t => {
  const place = await Place.open(t);
  const target = await place.launch(sh('exit 3'));
  await target.exited;
  const token = newToken(place.dir, 'launch');
  assert.equal(target.succeed?.({ unless: [], cgroup: '/nowhere', longest: 1000 }), null);
  assert.equal(readTargetFile(place.dir)?.token, token);
});
