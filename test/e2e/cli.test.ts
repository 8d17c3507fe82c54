/** What a person does at a shell: host a tree, look at it, command it, and take it down again. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Command, canopy, type HostedTree, hostTree, type Ports, treeFile } from '../support/cli.js';
import { Tap } from '../support/mqtt-tools.js';
import { skipWithout } from '../support/parts.js';
import { Rest } from '../support/rest.js';
import { Sandbox } from '../support/sandbox.js';
import * as targets from '../support/targets.js';
import { until } from '../support/wait.js';

const noTools = skipWithout('mosquitto_sub', 'mosquitto_pub');
const skip = process.platform !== 'linux' && 'needs /proc';

const small = (ports: Ports, grace = 0.5): string => `
defaults: { hb_interval: 0.3, timeout: 1.5 }
name: root
port: ${ports.root}
rest_port: ${ports.rest}
children:
  - name: web
    app_name: shop
    target: ${targets.STEADY}
  - name: rack1
    port: ${ports.relay}
    children:
      - name: stubborn
        target: ${JSON.stringify(targets.STUBBORN)}
        stop_grace: ${grace}
`;

/** Waits until every leaf is up at the root, and the stubborn one deaf. */
async function settled(box: Sandbox, rest: Rest): Promise<void> {
  await rest.expect('web', { status: 'up' });
  await rest.expect('rack1/stubborn', { status: 'up' });
  await targets.targetSaid(box.path('data', 'root', 'rack1', 'stubborn'), /ready/);
}

describe('canopy up, asked and commanded from a shell', { skip }, () => {
  const box = new Sandbox({ after });
  let tree: HostedTree;
  const ask = (...words: string[]) => canopy(box, words, { CANOPY_URL: tree.rest.url });
  const askJson = async (...words: string[]) => JSON.parse((await ask(...words, '--json')).stdout);

  before(async () => {
    tree = await hostTree(box, 'tree.yaml', small);
    await settled(box, tree.rest);
  });

  it('shows the tree, the REST address and three commands that work', { skip: noTools }, async () => {
    const picture = tree.stdout.slice(tree.stdout.indexOf('canopy 0'));
    assert.match(picture, /4 nodes in process \d+/);
    assert.match(picture, /root\s+mqtt:\/\/127\.0\.0\.1:\d+\s+REST http:\/\/127\.0\.0\.1:\d+/);
    assert.match(picture, /├─ (web|rack1)\s/);
    assert.match(picture, / {2}└─ stubborn\s+runs sh -c/);
    const line = (tool: string) => new RegExp(`${tool} .*`).exec(picture)?.[0] ?? '';
    const run = (text: string) => spawnSync('sh', ['-c', text], { encoding: 'utf8', env: box.env() });
    const seen = run(`${line('mosquitto_sub')} -C 3 -W 5`);
    assert.match(seen.stdout, /^canopy\/\S+ \{"v":1/);
    const commanded = /canopy\/(\S+)\/cmd/.exec(line('mosquitto_pub'))?.[1] as string;
    const { pid } = await tree.rest.node(commanded);
    assert.equal(run(line('mosquitto_pub')).status, 0);
    await tree.rest.expect(commanded, node => node.status === 'up' && node.pid !== pid, 5000);
    const url = new URL(/http\S+/.exec(line('curl'))?.[0] ?? '');
    assert.equal((await new Rest(url.origin).get(url.pathname)).body.path, '');
    await settled(box, tree.rest);
  });

  it('draws the tree, and gives it to programs as REST does', async () => {
    const [drawn, said] = await Promise.all([ask('tree'), askJson('tree')]);
    assert.equal(drawn.code, 0, drawn.stderr);
    assert.match(drawn.stdout, /^root\s+up {2}root\n/);
    assert.match(drawn.stdout, /[├└]─ web\s+up {2}shop {2}pid \d+/);
    assert.match(drawn.stdout, /[├└]─ rack1\s+up {2}relay/);
    assert.match(drawn.stdout, /[│ ] {2}└─ stubborn\s+up/);
    assert.deepEqual(said.children.map((child: { name: string }) => child.name).sort(), ['rack1', 'web']);
  });

  it('lists the nodes, all or some', async () => {
    const [drawn, some] = await Promise.all([
      ask('nodes'),
      askJson('nodes', '--kind', 'leaf', '--app', 'shop'),
    ]);
    assert.match(drawn.stdout, /^PATH\s+KIND\s+APP\s+STATUS/);
    assert.match(drawn.stdout, /\nrack1\/stubborn\s+leaf\s+stubborn\s+up\s+running\s+\d+/);
    assert.deepEqual(
      some.nodes.map((node: { path: string }) => node.path),
      ['web'],
    );
  });

  it('shows one node', async () => {
    const [drawn, said] = await Promise.all([ask('get', 'rack1/stubborn'), askJson('get', 'web')]);
    assert.match(drawn.stdout, /^rack1\/stubborn\n {2}status\s+up for/);
    assert.deepEqual([said.path, said.app, said.status, said.heartbeat.v], ['web', 'shop', 'up', 1]);
  });

  it('commands a node and waits for the result', async () => {
    const { pid } = await tree.rest.node('web');
    const drawn = await ask('cmd', 'web', 'restart');
    assert.equal(drawn.code, 0, drawn.stdout + drawn.stderr);
    assert.match(drawn.stdout, /^web restart: succeeded .*"pid":\d+/);
    const said = await askJson('cmd', 'web', 'signal', 'USR2');
    assert.deepEqual([said.path, said.op, said.status, said.done], ['web', 'signal', 'succeeded', true]);
    assert.notEqual(said.data.pid, pid);
    assert.equal((await askJson('cmd', '.', 'ping')).data.nodes, 4);
    const logs = await ask('cmd', 'web', 'logs', 'tail=1');
    assert.match(
      logs.stderr,
      /^canopy: their lines were told by MQTT, on canopy\/web\/res; canopy logs prints them\n$/,
    );
    await tree.rest.expect('web', { status: 'up' });
  });

  it('says by a flag what a command would do, and in which words', async () => {
    const { pid } = await tree.rest.node('web');
    const wanted = ['app=shop', 'max-unavailable=1'];
    const drawn = await ask('cmd', '.', 'restart', ...wanted, '--dry-run', '--timeout', '7.5', '--wait', '9');
    assert.equal(drawn.code, 0, drawn.stdout + drawn.stderr);
    assert.equal(
      drawn.stdout,
      '. restart: succeeded (nothing was done)\n  web: planned\nto do it: restart max-unavailable=1 timeout=7.5 app=shop\n',
    );
    const [, words = ''] = /to do it: (.*)\n/.exec(drawn.stdout) ?? [];
    assert.equal((await tree.rest.node('web')).pid, pid);
    const done = await askJson('cmd', '.', ...words.split(' '), '--wait', '20');
    assert.deepEqual([done.status, done.data.succeeded], ['succeeded', 1], 'what it printed does it');
    const scaled = await ask('scale', 'shop', '1', '--dry-run', '--strategy', 'spread');
    assert.match(scaled.stdout, /\nto do it: scale app=shop count=1 strategy=spread\n$/);
    await tree.rest.expect('web', { status: 'up' });
  });

  type Row = readonly [words: readonly string[], says: RegExp];
  const allEnd = async (wanted: number, rows: readonly Row[]): Promise<void> => {
    await Promise.all(
      rows.map(async ([words, says]) => {
        const { code, stdout, stderr } = await ask(...words);
        assert.equal(code, wanted, `${words.join(' ')}: ${stdout}${stderr}`);
        assert.match(stdout + stderr, says);
      }),
    );
  };

  it('ends with 1 where the thing asked for failed', () =>
    allEnd(1, [
      [['get', 'nobody'], /not-found: /],
      [['cmd', 'nobody', 'restart'], /not-found: /],
      [['cmd', 'web', 'signal', 'NONSENSE'], /rejected bad-argument: .*NONSENSE/],
      [['cmd', 'web', 'explode'], /rejected unknown-op: .*takes start, stop/],
      [['cmd', 'web', 'restart', '--dry-run'], /^web restart: rejected bad-argument: .*"dryRun".*\n$/],
      [['cmd', '.', 'restart', 'all', '--timeout', '-1'], /rejected bad-argument: timeout/],
      [['cmd', 'web', 'explode', '--json'], /^\{.*"code":"unknown-op"/],
      [['up', 'tree.yaml'], /already-running: .*process \d+/],
    ]));

  it('ends with 2 where it is used or configured wrongly', () =>
    allEnd(2, [
      [['frobnicate'], /unknown command 'frobnicate'/],
      [['cmd', '.', 'restart', 'all', 'dry-run=true', '--dry-run'], /each key once, found "dry-run" twice/],
      [['cmd', '.', 'restart', 'all', '--timeout', 'soon'], /expected a number, found "soon"/],
      [['cmd', 'web'], /missing required argument 'words'/],
      [['tree', '--nonsense'], /unknown option '--nonsense'/],
      [['nodes', '--status', 'fine'], /Allowed choices are up, /],
      [['tree', '--url', 'nonsense'], /--url: expected http:\/\/host:port/],
      [['up', 'absent.yaml'], /absent\.yaml: .*no such file/],
      [['run', 'absent.env'], /absent\.env: .*no such file/],
      [['stop', 'rack1/web'], /no such file; for a node of a tree that runs: canopy cmd rack1\/web stop\n$/],
      [['restart', 'web'], /; for a node of a tree that runs: canopy cmd web restart\n$/],
      [['status', 'web'], /; for a node of a tree that runs: canopy get web\n$/],
      [['status', 'absent.env'], /no such file\n$/],
      [['up', 'tree.yaml', '--node', 'nobody'], /--node: expected one of "", "rack1", found "nobody"/],
      [['up', 'tree.yaml', '--node', 'web'], /--node: expected its parent "", which hosts it/],
    ]));

  it('lists everything that is wrong with a tree file at once', async () => {
    const wrong = `
defaults: { hb_intervall: 1 }
name: root
port: 99999
children:
  - name: a.b
    target: sleep 1
  - name: twin
    target: sleep 1
  - name: twin
    target: sleep 1
    stop_signal: NONSENSE
  - name: empty
`;
    writeFileSync(box.path('wrong.yaml'), wrong);
    const { code, stderr } = await canopy(box, ['up', 'wrong.yaml']);
    assert.equal(code, 2);
    for (const says of [
      /hb_intervall: unknown key, did you mean hb_interval\?/,
      /port: expected .*found "99999"/,
      /name: expected .*found "a\.b"/,
      /name: expected a name of its own.*found "twin"/,
      /stop_signal: expected .*found "NONSENSE"/,
      /\(empty\).*expected children \(a relay\) or a target \(a leaf\), found neither/,
    ])
      assert.match(stderr, says);
    assert.ok(!existsSync(box.path('data', 'root', 'twin')), 'nothing of it was started');
  });

  it('lists everything that is wrong with the settings of one node at once', async () => {
    const wrong = {
      CANOPY_NAME: 'x',
      CANOPY_TARGT: 'sleep 1',
      CANOPY_ROLE: 'leaf',
      CANOPY_HB_INTERVAL: 'soon',
    };
    const { code, stderr } = await canopy(box, ['run'], wrong);
    assert.equal(code, 2);
    assert.match(stderr, /CANOPY_TARGT \(environment\): unknown key, did you mean CANOPY_TARGET\?/);
    assert.match(stderr, /CANOPY_TARGET: expected the command that the leaf runs, found none/);
    assert.match(stderr, /CANOPY_HB_INTERVAL \(environment\): expected .*found "soon"/);
  });

  it('ends with 3 where nothing answers, or something that is not Canopy', async () => {
    const other = createServer((_request, response) => response.end('<h1>It works!</h1>'));
    await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const stranger = await canopy(box, ['tree', '--url', url]);
    await new Promise(resolve => other.close(resolve));
    const nobody = await canopy(box, ['cmd', 'web', 'restart', '--url', url]);
    assert.deepEqual([stranger.code, nobody.code], [3, 3], stranger.stderr + nobody.stderr);
    assert.match(stranger.stderr, /is not Canopy/);
    assert.match(nobody.stderr, /nothing answered at .*ECONNREFUSED/);
  });
});

describe('Ctrl-C', { skip, concurrency: 2 }, () => {
  it('takes all of it down in order, the stubborn target included', { skip: noTools }, async t => {
    const box = new Sandbox(t);
    const tree = await hostTree(box, 'tree.yaml', small);
    await settled(box, tree.rest);
    const tap = await Tap.open(box, tree.ports.root, 'canopy/+/state', 'canopy/+/+/state');
    const pids = (await tree.rest.nodes('?kind=leaf')).map(node => node.pid as number);
    assert.equal(pids.length, 2);
    const from = performance.now();
    tree.signal('SIGINT');
    tree.signal('SIGINT'); // as under npm, which passes on what the terminal has sent already
    const { code, signal } = await tree.end(5000);
    const took = performance.now() - from;
    assert.deepEqual({ code, signal }, { code: 0, signal: null });
    assert.ok(took >= 500, `the stubborn one had its grace: ${took} ms`);
    assert.deepEqual(pids.filter(targets.lives), []);
    assert.deepEqual(
      box.processes().filter(({ command }) => !command.startsWith('mosquitto')),
      [],
    );
    const farewell = (name: string) =>
      tap.messages.findIndex(
        ({ topic, json }) => topic === `canopy/${name}/state` && json?.link === 'offline',
      );
    const order = ['web', 'rack1/stubborn', 'rack1'].map(farewell);
    assert.ok(Math.min(...order) >= 0, `each says goodbye: ${order}`);
    assert.deepEqual(
      order.toSorted((a, b) => a - b),
      order,
      'leaves before their relay',
    );
  });

  it('twice does not wait for the grace period', async t => {
    const box = new Sandbox(t);
    const tree = await hostTree(box, 'tree.yaml', ports => small(ports, 60));
    await settled(box, tree.rest);
    tree.signal('SIGINT');
    const isDown = (name: string, to: string) =>
      tree.log.some(line => line.msg === 'target' && line.node === name && line.to === to);
    await until(() => isDown('web', 'stopped') && isDown('rack1/stubborn', 'stopping'));
    assert.ok(tree.isRunning, 'it waits for the stubborn one');
    // One that comes within half a second is taken for the first one, passed on by npm.
    await until(() => !tree.isRunning || tree.signal('SIGINT'), 3000, 'it ends');
    assert.equal((await tree.end()).code, 0);
    assert.deepEqual(box.processes(), []);
  });

  const many = (ports: Ports): string =>
    small(ports) +
    Array.from({ length: 20 }, (_, at) => `      - { name: w${at}, target: ${targets.STEADY} }\n`).join('');
  const isTarget = ({ command }: { command: string }) => command.startsWith('sleep');
  const moments: [string, (box: Sandbox) => unknown][] = [
    ['when the first node has begun', box => existsSync(box.path('data', 'root', 'installation.json'))],
    ['when the first leaves begin', box => existsSync(box.path('data', 'root', 'rack1', 'w0'))],
    ['when the first targets run', box => box.processes().some(isTarget)],
  ];
  for (const [moment, come] of moments) {
    for (const [times, again] of [
      ['once', () => {}],
      ['again and again', (tree: Command) => tree.signal('SIGINT')],
    ] as const) {
      it(`${times} ${moment} leaves nothing behind`, async t => {
        const box = new Sandbox(t);
        await treeFile(box, 'tree.yaml', many);
        const tree = new Command(box, ['up', 'tree.yaml']);
        await until(() => come(box), 5000, moment);
        tree.signal('SIGINT');
        await until(() => !tree.isRunning || again(tree), 5000, 'it ends');
        const { code, signal, stderr } = await tree.end();
        assert.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' });
        assert.deepEqual(box.processes(), []);
      });
    }
  }
});

describe('canopy up --node', { skip }, () => {
  it('hosts one tree in several processes by one file', async t => {
    const box = new Sandbox(t);
    const ports = await treeFile(box, 'tree.yaml', small);
    const rest = new Rest(`http://127.0.0.1:${ports.rest}`);
    const rack1 = new Command(box, ['up', 'tree.yaml', '--node', 'rack1']);
    const root = new Command(box, ['up', 'tree.yaml', '--node', '']);
    await Promise.all([
      rack1.said(/2 nodes in process[\s\S]*Ctrl-C stops/),
      root.said(/2 nodes[\s\S]*Ctrl-C stops/),
    ]);
    assert.match(rack1.stdout, /mosquitto_pub .*-t canopy\/stubborn\/cmd/, 'relative to its own broker');
    await settled(box, rest);
    const { code, stdout } = await canopy(box, ['cmd', 'rack1/stubborn', 'ping', '--url', rest.url]);
    assert.equal(code, 0, stdout);
    rack1.signal('SIGTERM');
    assert.equal((await rack1.end()).code, 0);
    await rest.expect('rack1', { status: 'stopped' });
    await rest.expect('rack1/stubborn', { status: 'unreachable', blockedBy: 'rack1', link: 'offline' });
    await rest.expect('web', { status: 'up' });
    root.signal('SIGINT');
    assert.equal((await root.end()).code, 0);
    assert.deepEqual(box.processes(), []);
  });
});
