import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { slackBody } from '../../../src/alerts/message.js';
import { type SendPorts, send } from '../../../src/alerts/send.js';
import type { AlertReceiver, Notice, WebhookReceiver } from '../../../src/core/alert.js';
import { Receiver } from '../../support/receiver.js';
import { until } from '../../support/wait.js';
import { Place } from '../node/support.js';
import { rule, World } from './support.js';

const hook = new Receiver({ after });
const dir = mkdtempSync(join(tmpdir(), 'canopy-send-'));
after(() => rmSync(dir, { recursive: true, force: true }));
let ports: SendPorts;
let place: Place;
before(async () => {
  await hook.listen();
  place = await Place.open();
  ports = { teller: { name: 'root' }, link: place.link, env: { PATH: process.env.PATH } };
});
after(() => place.close());

function notice(): Notice {
  const world = World.of(rule({ forMs: 0 }));
  world.set('edge', { own: 'down' });
  world.look();
  return world.notices[0] as Notice;
}

const webhook = (more: Partial<WebhookReceiver> = {}): AlertReceiver => ({
  ...{
    name: 'hook',
    kind: 'webhook',
    url: hook.url,
    format: 'generic',
    headers: {},
    secret: null,
    timeoutMs: 300,
  },
  ...more,
});
const to = (receiver: AlertReceiver, signal = new AbortController().signal) =>
  send(receiver, notice(), ports, signal);

for (const [answer, is] of [
  [200, 'delivered'],
  [204, 'delivered'],
  [301, 'later'],
  [400, 'never'],
  [401, 'later'],
  [404, 'later'],
  [413, 'never'],
  [429, 'later'],
  [500, 'later'],
  ['cut', 'later'],
  ['hang', 'later'],
] as const)
  test(`a webhook that answers ${answer}: ${is}`, async () => {
    hook.first.push(answer);
    assert.equal((await to(webhook())).is, is);
  });

test('what is said of a failure holds nothing of the address', async () => {
  const { is, found } = await to(webhook({ url: 'http://127.0.0.1:1/hunter2?token=hunter2' }));
  assert.deepEqual([is, found], ['later', 'ECONNREFUSED']);
  const unknown = await to(webhook({ url: 'http://hunter2.invalid/' }));
  assert.ok(!unknown.found.includes('hunter2'), unknown.found);
});

test('Slack gets a text, without what it takes for marks', async () => {
  const { alert, ...rest } = notice();
  const body = JSON.parse(
    slackBody({ ...rest, alert: { ...alert, reason: '<!channel> & co' } }, { name: 'root' }),
  );
  assert.equal(body.text, 'critical: edge is down (&lt;!channel&gt; &amp; co) [node-down] (root)');
  assert.equal((await to(webhook({ format: 'slack' }))).is, 'delivered');
  assert.deepEqual(Object.keys(hook.taken.at(-1)?.body), ['text']);
});

test('a topic gets it by the broker of the node', async () => {
  const got: string[] = [];
  await place.link.subscribe(['alerts/#'], message => got.push(message.payload.toString()));
  const sent = await to({ name: 't', kind: 'mqtt', topic: 'alerts/x', qos: 1, retain: false });
  assert.equal(sent.is, 'delivered');
  await until(() => got.length === 1);
  assert.equal(JSON.parse(got[0] ?? '').key, notice().key);
});

const command = (...words: string[]): AlertReceiver => ({
  name: 'c',
  kind: 'command',
  words,
  timeoutMs: 500,
});

test('a command gets it on its standard input, and no shell reads its words', async () => {
  const file = join(dir, 'said');
  const sent = await to(command('sh', '-c', 'cat > "$1"; echo "$ALERT_PATH $2" >> "$1"', 'x', file, '$(id)'));
  assert.equal(sent.is, 'delivered');
  const [line = '', words] = readFileSync(file, 'utf8').split('\n');
  assert.equal(JSON.parse(line).path, 'edge');
  assert.equal(words, 'edge $(id)');
});

for (const [what, words, found] of [
  ['fails', ['sh', '-c', 'exit 3'], 'exit code 3'],
  ['is not there', ['/nowhere/at-all'], 'ENOENT'],
  ['takes too long', ['sleep', '60'], 'killed: it took more than 0.5 s'],
] as const)
  test(`a command that ${what} is tried again`, async () => {
    assert.deepEqual(await to(command(...words)), { is: 'later', found });
  });

test('one that reads nothing, ends at once, or is called off', async () => {
  assert.equal((await to(command('true'))).is, 'delivered');
  const cut = new AbortController();
  const sent = to(command('sleep', '60'), cut.signal);
  cut.abort();
  assert.match((await sent).found, /not run|the node stops/);
});
