/** Targets are begun before the brokers of their process: what can't start must not have touched them. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { Command, canopy, type Ports, treeFile } from '../support/cli.js';
import { Sandbox } from '../support/sandbox.js';
import { lives, STEADY } from '../support/targets.js';
import { until } from '../support/wait.js';

const skip = process.platform !== 'linux' && 'needs /proc';

const treeOf =
  (target: string, more = '') =>
  (ports: Ports): string =>
    `{ name: root, port: ${ports.root}, rest_port: ${ports.rest}, ${more}\n` +
    `  children: [{ name: web, target: ${JSON.stringify(target)} }] }\n`;

/** Found out only when the node comes to its listeners. */
const BROKEN_TLS = 'tls: true, tls_cert: bad.pem, tls_key: bad.pem,';

describe('a start that fails', { skip, concurrency: 2 }, () => {
  for (const which of ['root', 'rest'] as const)
    it(`has started no target where the address of its ${which} is taken`, async t => {
      const box = new Sandbox(t);
      const ports = await treeFile(box, 'tree.yaml', treeOf(`touch ${box.path('touched')}`));
      const other = createServer().listen(ports[which], '127.0.0.1');
      t.after(() => other.close());
      const { code, stderr } = await canopy(box, ['up', 'tree.yaml']);
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`EADDRINUSE: .*:${ports[which]}: the address is already in use`));
      assert.ok(existsSync(box.path('data', 'root')), 'it had its place');
      assert.ok(!existsSync(box.path('data', 'root', 'web')), 'its leaf was not begun');
      assert.ok(!existsSync(box.path('touched')));
    });

  it('ends the targets that it has started', async t => {
    const box = new Sandbox(t);
    writeFileSync(box.path('bad.pem'), 'no certificate');
    await treeFile(box, 'tree.yaml', treeOf(STEADY, BROKEN_TLS));
    const { code, stderr } = await canopy(box, ['up', 'tree.yaml']);
    assert.notEqual(code, 0);
    assert.match(stderr, /bad\.pem/);
    assert.ok(existsSync(box.path('data', 'root', 'web', 'target.run')), 'there was one');
    assert.deepEqual(box.processes(), []);
  });

  it('leaves alone the targets that ran before it', async t => {
    const box = new Sandbox(t);
    writeFileSync(box.path('bad.pem'), 'no certificate');
    const ports = await treeFile(box, 'tree.yaml', treeOf(STEADY));
    const first = new Command(box, ['up', 'tree.yaml']);
    await first.said(/Ctrl-C stops/);
    const target = await until(() => box.processes().find(({ command }) => command.startsWith('sleep')));
    first.signal('SIGKILL');
    await first.end();
    assert.ok(lives(target.pid));
    // Whoever takes a target over begins by changing its token.
    const token = (): string => readFileSync(box.path('data/root/web/target.run'), 'latin1').slice(0, 16);
    const before = token();
    writeFileSync(box.path('tree.yaml'), treeOf(STEADY, BROKEN_TLS)(ports));
    const { code } = await canopy(box, ['up', 'tree.yaml']);
    assert.notEqual(code, 0);
    assert.notEqual(token(), before, 'it had taken it over');
    assert.ok(lives(target.pid), 'and has given it back');
    writeFileSync(box.path('tree.yaml'), treeOf(STEADY)(ports));
    const next = new Command(box, ['up', 'tree.yaml']);
    await next.said(/Ctrl-C stops/);
    assert.deepEqual(
      box.processes().flatMap(({ pid, command }) => (command.startsWith('sleep') ? [pid] : [])),
      [target.pid],
    );
    next.signal('SIGINT');
    await next.end();
    assert.deepEqual(box.processes(), []);
  });
});
