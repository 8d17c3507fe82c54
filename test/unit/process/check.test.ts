/** Probes against real servers and commands, the hostile ones above all: each look ends in time and leaves nothing. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Check, type CheckResult, check } from '../../../src/process/check.js';
import { lookup } from '../../../src/process/lookup.js';
import { MARK, markedProcesses } from '../../../src/process/marked.js';
import { signalProcess } from '../../../src/process/signals.js';
import { lives } from '../../../src/process/stat.js';
import { until } from '../../support/wait.js';
import { workDir } from './support.js';

const LATE_MS = 1500;

/** Looks once; fails where that takes much longer than it may. */
async function look(
  of: Check,
  timeoutMs = 2000,
  env: NodeJS.ProcessEnv = process.env,
  mark: string = randomUUID(),
): Promise<CheckResult> {
  const from = performance.now();
  const result = await check(of, { timeoutMs, signal: new AbortController().signal, place: { env, mark } });
  const took = performance.now() - from;
  assert.ok(took < timeoutMs + LATE_MS, `it took ${took} ms`);
  return result;
}

/** A server that does with each connection what it is told to; how many are open. */
async function serve(t: TestContext, treat: (socket: Socket) => void, server: Server = createServer(treat)) {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, open };
}

const answer = (text: string) => (socket: Socket) => socket.once('data', () => socket.write(text));
const http = (port: number, path = '/healthz'): Check => ({
  kind: 'http',
  url: `http://127.0.0.1:${port}${path}`,
});

test('http: 200 to 399 passes, and no redirect is followed', async t => {
  const table: [string, boolean, string][] = [
    ['200 OK', true, 'answered 200'],
    ['204 No Content', true, 'answered 204'],
    ['302 Found\r\nLocation: http://127.0.0.1:1/', true, 'answered 302'],
    ['399 Odd', true, 'answered 399'],
    ['400 Bad Request', false, 'answered 400'],
    ['503 Service Unavailable', false, 'answered 503'],
  ];
  for (const [status, passed, found] of table) {
    const { port } = await serve(t, answer(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`));
    const asked = `GET http://127.0.0.1:${port}/healthz:`;
    assert.deepEqual(await look(http(port, '/healthz?token=secret')), { passed, found: `${asked} ${found}` });
  }
});

test('http: what it asks, and that the connection is closed at once', async t => {
  let request = '';
  const { port, open } = await serve(t, socket => {
    socket.on('data', data => {
      request += data;
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n');
      socket.write(Buffer.alloc(1_000_000)); // and keeps it open
    });
  });
  assert.equal((await look(http(port, '/a?b=c'))).passed, true);
  assert.match(request, /^GET \/a\?b=c HTTP\/1\.1\r\n/);
  assert.match(request, /connection: close/i);
  await until(() => open.size === 0, 2000, 'no connection is left');
});

test('http: servers that never come to an end', async t => {
  const drip = (text: string) => (socket: Socket) => {
    socket.resume();
    socket.write(text);
    const timer = setInterval(() => socket.write('x'), 10);
    socket.on('close', () => clearInterval(timer));
  };
  const silent = (socket: Socket) => socket.resume();
  for (const treat of [silent, drip('H'), drip('HTTP/1.1 200 OK\r\nX-Long: ')]) {
    const { port, open } = await serve(t, treat);
    const { passed, found } = await look(http(port), 150);
    // One that drips for long enough runs into the bound on headers first.
    assert.equal(passed, false);
    assert.match(found, /no answer within 0\.15 s|HPE_/);
    await until(() => open.size === 0, 2000, 'no connection is left');
  }
});

test('http: what is no answer', async t => {
  const table: [(socket: Socket) => void, RegExp][] = [
    [answer('SSH-2.0-OpenSSH_9.2\r\n'), /HPE_INVALID/],
    [answer(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`), /HPE_HEADER_OVERFLOW/],
    [socket => socket.end(), /ECONNRESET/],
    [socket => socket.resetAndDestroy(), /ECONNRESET/],
    [answer('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'), /./],
  ];
  for (const [treat, pattern] of table) {
    const { port } = await serve(t, treat);
    const { passed, found } = await look(http(port));
    assert.equal(passed, false, found);
    assert.match(found, pattern);
  }
  const { port, open } = await serve(t, () => {});
  assert.equal(open.size, 0);
  for (const host of ['127.0.0.2', 'localhost.invalid'])
    assert.match(
      (await look({ kind: 'http', url: `http://${host}:${port}/` }, 5000)).found,
      /ECONNREFUSED|ENOTFOUND|EAI_AGAIN/,
    );
});

test('https: of the certificate nothing is verified', async t => {
  const read = (name: string) => readFileSync(`test/fixtures/tls/${name}.pem`);
  const server = createTlsServer({ key: read('key'), cert: read('cert') }, (_, response) =>
    response.end('ok'),
  );
  const { port } = await serve(t, () => {}, server as unknown as Server);
  const { passed, found } = await look({ kind: 'http', url: `https://127.0.0.1:${port}/` });
  assert.equal(passed, true, found);
});

test('tcp: connected passes, refused does not', async t => {
  const { port, open } = await serve(t, () => {});
  const tcp = (to: number): Check => ({ kind: 'tcp', host: '127.0.0.1', port: to });
  assert.deepEqual(await look(tcp(port)), { passed: true, found: `connect to 127.0.0.1:${port}: connected` });
  await until(() => open.size === 0, 2000, 'no connection is left');
  const closed = createServer();
  await new Promise<void>(resolve => closed.listen(0, '127.0.0.1', resolve));
  const free = (closed.address() as AddressInfo).port;
  await new Promise(resolve => closed.close(resolve));
  assert.deepEqual(await look(tcp(free)), {
    passed: false,
    found: `connect to 127.0.0.1:${free}: ECONNREFUSED`,
  });
});

test('tcp: one that never answers', {
  skip: process.platform !== 'linux' && 'needs a backlog that drops',
}, async t => {
  const code = `require('net').createServer().listen({port: 0, host: '127.0.0.1', backlog: 1}, function () {
    require('fs').writeSync(1, this.address().port + '\\n'); for (;;); })`;
  const server: ChildProcess = spawn(process.execPath, ['-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => server.kill('SIGKILL'));
  const port = Number(
    await new Promise(resolve => server.stdout?.once('data', data => resolve(String(data)))),
  );
  server.kill('SIGSTOP');
  const filling = [1, 2, 3, 4].map(() => connect(port, '127.0.0.1').on('error', () => {}));
  t.after(() => {
    for (const socket of filling) socket.destroy();
  });
  await until(() => filling.some(socket => !socket.connecting));
  const result = await until(async () => {
    const one = await look({ kind: 'tcp', host: '127.0.0.1', port }, 200);
    return one.passed ? null : one;
  });
  assert.equal(result.found, `connect to 127.0.0.1:${port}: no answer within 0.2 s`);
});

/** What a broken guard would leave is ended after the test. */
function markOf(t: TestContext): string {
  const mark = randomUUID();
  t.after(() => {
    for (const pid of markedProcesses(mark) ?? []) signalProcess(pid, 'SIGKILL');
  });
  return mark;
}

const sh = (script: string): Check => ({ kind: 'exec', words: ['sh', '-c', script] });

test('exec: exit code 0 passes; it runs in the environment that is handed in', async () => {
  const table: [Check, boolean, RegExp][] = [
    [sh('exit 0'), true, /^sh: exit code 0$/],
    [sh('exit 3'), false, /^sh: exit code 3$/],
    [sh('kill -9 $$'), false, /^sh: killed by SIGKILL$/],
    [sh('[ "$WORD" = here ]'), true, /code 0/],
    [sh('[ -t 0 ] || read x; [ -z "$x" ]'), true, /code 0/],
    [sh('yes'), false, /no answer within/],
    [{ kind: 'exec', words: ['/nowhere/program'] }, false, /^\/nowhere\/program: ENOENT$/],
    [{ kind: 'exec', words: ['/'] }, false, /EACCES/],
  ];
  for (const [of, passed, pattern] of table) {
    const result = await look(of, passed ? 5000 : 500, { ...process.env, WORD: 'here' });
    assert.equal(result.passed, passed, result.found);
    assert.match(result.found, pattern);
  }
});

test('exec: one that hangs and forks is gone with all that it has started', {
  skip: process.platform !== 'linux' && 'needs /proc',
}, async t => {
  const dir = await workDir(t);
  const forks = `trap '' TERM INT HUP; sleep 3600 & setsid sh -c 'trap "" TERM; echo > ${dir}/there; sleep 3600' & wait`;
  for (const script of [forks, `${forks} & exec sleep 3600`]) {
    const mark = markOf(t);
    const looking = look(sh(script), 1000, process.env, mark);
    await until(() => (markedProcesses(mark) ?? []).length >= 4);
    assert.match((await looking).found, /no answer within 1 s/);
    await until(() => markedProcesses(mark)?.length === 0, 2000, 'all of it is gone');
  }
});

test('exec: at its timeout those go as well who have dropped the mark', {
  skip: process.platform !== 'linux' && 'needs /proc',
}, async t => {
  const file = `${await workDir(t)}/child`;
  const script = `setsid env -i sh -c 'echo $$ > ${file}; exec sleep 3600' & exec sleep 3600`;
  await look(sh(script), 1000, process.env, markOf(t));
  const pid = Number(readFileSync(file, 'utf8'));
  t.after(() => lives(pid) && process.kill(pid, 'SIGKILL'));
  await until(() => !lives(pid));
});

test('exec: what one that has answered leaves in its group goes as well', async t => {
  const mark = markOf(t);
  const { passed } = await look(sh('sleep 3600 & exit 0'), 5000, process.env, mark);
  assert.equal(passed, true);
  await until(() => markedProcesses(mark)?.length === 0, 2000, 'nothing is left');
});

test('exec: what one that has answered leaves in a session of its own goes as well', {
  skip: process.platform !== 'linux' && 'needs /proc',
}, async t => {
  const there = `${await workDir(t)}/there`;
  const leaves = `setsid sh -c 'echo > ${there}; exec sleep 3600' & until [ -e ${there} ]; do sleep 0.01; done;`;
  for (const code of [0, 1]) {
    const mark = markOf(t);
    const { passed } = await look(sh(`${leaves} exit ${code}`), 5000, process.env, mark);
    assert.equal(passed, code === 0);
    await until(() => markedProcesses(mark)?.length === 0, 2000, 'nothing is left');
  }
});

test('exec: at the end of the run what came after the last answer goes as well', {
  skip: process.platform !== 'linux' && 'needs /proc',
}, async t => {
  const mark = markOf(t);
  const run = new AbortController();
  const options = { timeoutMs: 5000, signal: run.signal, place: { env: process.env, mark } };
  for (let i = 0; i < 2; i++) assert.equal((await check(sh('exit 0'), options)).passed, true);
  const left = spawn('sleep', ['3600'], { env: { ...process.env, [MARK]: mark }, stdio: 'ignore' });
  t.after(() => left.kill('SIGKILL'));
  await until(() => markedProcesses(mark)?.length === 1);
  run.abort();
  await until(() => left.signalCode === 'SIGKILL');
});

test('exec: called off, it ends at once', async t => {
  const mark = markOf(t);
  const run = new AbortController();
  const looking = check(sh('sleep 3600'), {
    timeoutMs: 60_000,
    signal: run.signal,
    place: { env: process.env, mark },
  });
  await until(() => (markedProcesses(mark) ?? []).length > 0);
  run.abort();
  assert.equal((await looking).passed, false);
  await until(() => markedProcesses(mark)?.length === 0, 2000, 'it is gone');
});

test('exec: the mark is its own, not that of the target', async t => {
  const dir = await workDir(t);
  const env = { ...process.env, [MARK]: 'target' };
  await look(sh(`printenv ${MARK} > ${dir}/mark`), 5000, env, 'target/readiness');
  assert.equal(readFileSync(`${dir}/mark`, 'utf8'), 'target/readiness\n');
});

test('exec: what an earlier leaf left of it when it was killed is ended first', async t => {
  const mark = markOf(t);
  const env = { ...process.env, [MARK]: mark };
  const left = spawn('sleep', ['3600'], { env, stdio: 'ignore', detached: true });
  t.after(() => left.kill('SIGKILL'));
  await until(() => markedProcesses(mark)?.length === 1);
  assert.equal((await look(sh('exit 0'), 5000, process.env, mark)).passed, true);
  await until(() => left.signalCode === 'SIGKILL');
});

test('a name is looked up once for all who ask meanwhile', async () => {
  const ask = (name: string) =>
    new Promise(resolve => {
      lookup(name, { all: true }, (error, addresses) => resolve(error?.code ?? addresses));
    });
  const [first, second] = await Promise.all([ask('localhost'), ask('localhost')]);
  assert.ok(Array.isArray(first));
  assert.equal(first, second, 'the very same answer');
  assert.deepEqual(await ask('localhost'), first);
  assert.match(String(await ask('nobody.invalid')), /ENOTFOUND|EAI_AGAIN/);
});
