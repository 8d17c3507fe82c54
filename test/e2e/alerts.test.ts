/** Alerts of a real root, told to real receivers: at least once, in order, whatever becomes of either side. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { canopy } from '../support/cli.js';
import { NodeProcess, startLeaf, startRoot } from '../support/nodes.js';
import { Receiver } from '../support/receiver.js';
import { Sandbox } from '../support/sandbox.js';
import { STEADY } from '../support/targets.js';
import { until } from '../support/wait.js';

describe('alerts of a root', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  const scope = { after };
  const box = new Sandbox(scope);
  const file = box.path('alerts.yaml');
  const noted = box.path('noted.jsonl');
  const secret = 'a-secret-of-the-hook';
  const [hook, dead] = [new Receiver(scope), new Receiver(scope)];
  let root: NodeProcess;
  let leaf: NodeProcess;

  const rules = (more = ''): string => `
receivers:
  - name: hook
    url: ${hook.url}
    secret: ${secret}
    headers: { X-Team: ops }
    timeout: 500ms
  - { name: dead, url: '${dead.url}', timeout: 5m }
  - { name: notes, command: [sh, -c, 'cat >> "$0"; echo "$ALERT_KEY" >> "$0.keys"', '${noted}'] }
rules:
  - { name: node-down, status: down, to: [hook, dead, notes]${more} }
`;
  const write = (text: string): void => {
    writeFileSync(file, text);
    chmodSync(file, 0o600);
  };
  const alerts = async () => (await root.rest.get('/api/v1/alerts')).body.alerts;

  before(async () => {
    await hook.listen();
    await dead.listen();
    dead.answer = 'hang';
    write(rules());
    root = await startRoot(box, { alerts_file: file });
    leaf = await startLeaf(box, root, { name: 'web', target: STEADY });
    await root.rest.expect('web', { status: 'up' });
  });

  it('are tried until they are taken, signed, and one receiver holds up no other', async () => {
    hook.first.push(500, 'cut', 'hang');
    await leaf.crash();
    await until(() => hook.said.length === 1, 20_000);
    assert.deepEqual(hook.said, ['firing web']);
    assert.equal(hook.taken.length, 4);
    assert.equal(
      new Set(hook.taken.map(({ body }) => body.key)).size,
      1,
      'one key, however often it is tried',
    );
    const [{ text, headers, body }] = hook.accepted as [Receiver['taken'][number]];
    assert.equal(
      headers['x-canopy-signature'],
      `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`,
    );
    assert.equal(headers['x-team'], 'ops');
    assert.deepEqual(
      [body.rule, body.status, body.severity, body.from],
      ['node-down', 'down', 'warning', 'root'],
    );
    assert.match(body.text, /^warning: web is down \((will|timeout)\) \[node-down\]$/);
    assert.equal(dead.taken.length, 1, 'the one that hangs is still being tried');
    await until(() => existsSync(noted) && readFileSync(noted, 'utf8').includes('\n'));
    assert.equal(JSON.parse(readFileSync(noted, 'utf8')).key, body.key);
    await until(() => readFileSync(`${noted}.keys`, 'utf8') === `${body.key}\n`);
  });

  it('are acknowledged by REST and on the command line', async () => {
    const [{ id, acked }] = await alerts();
    assert.equal(acked, null);
    const url = ['--url', root.rest.url];
    const shown = await canopy(box, ['alerts', ...url]);
    assert.match(shown.stdout, new RegExp(`${id}\\s+warning\\s+web\\s+down`));
    const done = await canopy(box, ['ack', id, ...url, '--json']);
    assert.equal(JSON.parse(done.stdout).acked.by, 'rest');
    const unknown = await root.rest.ask('POST', '/api/v1/alerts/none/ack', {});
    assert.deepEqual([unknown.status, unknown.body.code], [404, 'not-found']);
    const audit = (await root.rest.get('/api/v1/audit?op=ack')).body.entries;
    assert.deepEqual(
      audit.map((entry: { outcome: string; path: string | null }) => [entry.outcome, entry.path]),
      [
        ['refused', null],
        ['succeeded', 'web'],
      ],
    );
  });

  it('outlive a root that is killed, open ones and their acknowledgements too', async () => {
    hook.answer = 500;
    const tried = hook.taken.length;
    await leaf.up();
    await until(() => hook.taken.length > tried, 20_000);
    assert.equal(hook.taken.at(-1)?.body.kind, 'resolved');
    await leaf.crash();
    await until(async () => (await alerts()).length === 1, 10_000);
    const [{ id }] = await alerts();
    assert.equal((await root.rest.ask('POST', `/api/v1/alerts/${id}/ack`, {})).status, 200);
    const disk = (): string => readFileSync(join(root.dataDir, 'alerts.json'), 'utf8');
    await until(() => JSON.parse(disk()).alerts[0]?.acked && disk().includes(`${id}:firing`));
    await root.crash();
    hook.answer = 200;
    await root.up();
    await until(() => hook.said.length === 3, 20_000);
    assert.deepEqual(hook.said, ['firing web', 'resolved web', 'firing web'], 'in order');
    const [open] = await alerts();
    assert.deepEqual([open.id, open.acked.by], [id, 'rest']);
    await leaf.up();
    await until(() => hook.said.length === 4, 20_000);
    assert.equal(hook.keys[3], `${id}:resolved`);
  });

  it('go by a file that is read again on SIGHUP; one that is wrong changes nothing, and shows no secret', async () => {
    write(`${rules()}  - { name: second, status: dwn, to: [hook] }\n`);
    root.signal('SIGHUP');
    const error = await until(() => root.log.find(({ msg }) => /the old rules stay/.test(msg)));
    assert.match(
      error.msg,
      /alerts\.yaml:\d+:\d+ rules\[1\]\.status: expected one of .*, found "dwn", did you mean "down"\?/,
    );
    assert.ok(root.isRunning);
    write(rules(', severity: critical'));
    root.signal('SIGHUP');
    await until(() => root.count(/alerts read again/) === 1);
    await leaf.crash();
    await until(() => hook.said.length === 5, 20_000);
    assert.equal(hook.accepted[4]?.body.severity, 'critical');
    const metrics = (await root.rest.get('/metrics')).body as string;
    assert.match(metrics, /canopy_alert_messages_total\{receiver="hook",outcome="delivered"\} [1-9]/);
    assert.match(metrics, /canopy_alerts_pending\{receiver="dead"\} [1-9]/);
    assert.ok(!root.output.includes(secret));
  });

  it('a file that is wrong, or shows a secret to others, keeps a node from starting: exit code 2', async () => {
    write(rules());
    chmodSync(file, 0o644);
    const other = new NodeProcess(box, {
      role: 'root',
      name: 'other',
      port: 0,
      rest_port: 0,
      alerts_file: file,
      data_dir: box.path('other'),
    });
    other.launch();
    assert.equal((await other.end()).code, 2);
    assert.match(other.output, /receivers\[0\]\.headers\.X-Team: expected mode 0600 of .*, found 0644/);
    assert.ok(!other.output.includes(secret));
  });

  it('what is kept of them is spoilt: said, set aside, and the node runs', async () => {
    chmodSync(file, 0o600);
    await root.crash();
    const kept = join(root.dataDir, 'alerts.json');
    writeFileSync(kept, '{"version":2,"alerts":[]}');
    await root.up();
    assert.ok(
      root.log.some(({ msg }) =>
        /expected version 1, found 2; kept as .*alerts\.json\.unread, alerts begin anew/.test(msg),
      ),
    );
    assert.equal(readFileSync(`${kept}.unread`, 'utf8'), '{"version":2,"alerts":[]}');
  });
});
