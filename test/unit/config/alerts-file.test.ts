import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadAlerts } from '../../../src/config/alerts-file.js';
import { ConfigError } from '../../../src/config/problems.js';
import type { AlertsConfig, WebhookReceiver } from '../../../src/core/alert.js';

const dir = mkdtempSync(join(tmpdir(), 'canopy-alerts-file-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const file = join(dir, 'alerts.yaml');

function load(text: string, env: NodeJS.ProcessEnv = {}, mode = 0o644): AlertsConfig {
  writeFileSync(file, text);
  chmodSync(file, mode);
  return loadAlerts(file, env);
}

function problems(text: string, env: NodeJS.ProcessEnv = {}, mode = 0o644): string[] {
  try {
    load(text, env, mode);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message.split('\n').map(line => line.replaceAll(file, 'F'));
  }
  return [];
}

const TOPIC = 'receivers: [{ name: t, topic: a/b }]\n';
const RULE = 'rules: [{ name: r, status: down, to: t }]\n';

test('the example runs as it stands', () => {
  const example = fileURLToPath(new URL('../../../../config/alerts.yaml', import.meta.url));
  const { rules, receivers } = loadAlerts(example, {});
  assert.deepEqual(
    [rules.map(({ name }) => name), receivers.map(({ kind }) => kind)],
    [
      ['node-down', 'api-degraded', 'flapping'],
      ['mqtt', 'command'],
    ],
  );
});

test('what is left out has its default, a single thing is a list of one', () => {
  const { rules, receivers } = load(TOPIC + RULE);
  assert.deepEqual(rules, [
    {
      name: 'r',
      match: { paths: [], apps: [], kinds: [], labels: [] },
      statuses: ['down'],
      forMs: 0,
      severity: 'warning',
      to: ['t'],
      remindMs: null,
    },
  ]);
  assert.deepEqual(receivers, [{ name: 't', kind: 'mqtt', topic: 'a/b', qos: 1, retain: false }]);
});

for (const [text, ms] of [
  ['30s', 30_000],
  ['1h30m', 5_400_000],
  ['500ms', 500],
  ['90', 90_000],
  ['0', 0],
] as const)
  test(`for: ${text}`, () => {
    const { rules } = load(`${TOPIC}rules: [{ name: r, status: down, to: t, for: ${text} }]`);
    assert.equal(rules[0]?.forMs, ms);
  });

for (const [what, text, expected] of [
  ['no YAML', 'rules: [', /F:\d+:\d+: expected valid YAML/],
  ['no map', '- 1', /^F: expected rules and receivers, found a list$/],
  ['nothing', '', /^F: expected rules and receivers, found nothing$/],
  ['an unknown key', `${TOPIC}${RULE}rule: 1`, /^F:3:1 rule: unknown key, did you mean rules\?$/],
  [
    'an unknown status',
    `${TOPIC}rules: [{ name: r, status: unreachable, to: t }]`,
    /F:2:20 rules\[0\]\.status: expected one of down, .* found "unreachable"/,
  ],
  [
    'an unknown receiver',
    `${TOPIC}rules: [{ name: r, status: down, to: tt }]`,
    /to: expected one of t, found "tt", did you mean "t"\?/,
  ],
  [
    'no time',
    `${TOPIC}rules: [{ name: r, status: down, to: t, for: soon }]`,
    /for: expected a time such as 30s.* found "soon"/,
  ],
  [
    'reminders all the time',
    `${TOPIC}rules: [{ name: r, status: down, to: t, remind: 10ms }]`,
    /remind: expected at least 1s, found 10 ms/,
  ],
  [
    'two rules of one name',
    `${TOPIC}rules: [{ name: r, status: down, to: t }, { name: r, status: down, to: t }]`,
    /a rule of another name, found "r"/,
  ],
  [
    'a topic of ours',
    `receivers: [{ name: t, topic: canopy/web/cmd }]\n${RULE}`,
    /topic: expected a topic outside canopy\//,
  ],
  ['a wildcard', `receivers: [{ name: t, topic: a/# }]\n${RULE}`, /topic: expected a topic/],
  [
    'a scheme of another kind',
    `receivers: [{ name: t, url: 'file:///etc/passwd' }]\n${RULE}`,
    /url: expected http:\/\/ or https:\/\//,
  ],
  [
    'a header of ours',
    `receivers: [{ name: t, url: 'http://h', headers: { Host: { env: X } } }]\n${RULE}`,
    /headers\.Host: expected the name of a header/,
  ],
  ['nothing that it is', `receivers: [{ name: t }]\n${RULE}`, /expected one of url .* found none/],
  [
    'a bare path pattern',
    `${TOPIC}rules: [{ name: r, status: down, to: t, match: { path: /x } }]`,
    /match\.path: expected a path such as/,
  ],
] as const)
  test(`told: ${what}`, () => {
    const found = problems(text, { X: 'x' });
    assert.equal(found.length, 1, found.join('\n'));
    assert.match(found[0] ?? '', expected);
  });

test('all at once', () => {
  const found = problems('receivers: [{ topic: a/b }, { name: x, url: 7 }]\nrules: [{ status: up, for: x }]');
  assert.equal(found.length, 6, found.join('\n'));
});

const hook = (more: string): string => `receivers: [{ name: t, url: 'http://h/', ${more} }]\n${RULE}`;

test('a secret comes from a variable or a file; one that stands in the file needs it private', () => {
  writeFileSync(join(dir, 'token'), 'of a file\n');
  const first = ({ receivers }: AlertsConfig): WebhookReceiver =>
    receivers[0] as WebhookReceiver & { name: string };
  assert.equal(first(load(hook('secret: { env: S }'), { S: 'of a variable' })).secret, 'of a variable');
  assert.equal(first(load(hook('secret: { file: token }'))).secret, 'of a file');
  assert.equal(first(load(hook('secret: inline'), {}, 0o600)).secret, 'inline');
  assert.match(problems(hook('secret: inline'))[0] ?? '', /secret: expected mode 0600 of F.*found 0644/);
  assert.match(
    problems(hook('secret: { env: NONE }'))[0] ?? '',
    /secret\.env: expected a variable that is set, found "NONE"/,
  );
  assert.match(
    problems(hook('secret: { file: none }'))[0] ?? '',
    /secret\.file: expected a file that can be read/,
  );
  const slack = `receivers: [{ name: t, url: 'https://hooks.example.org/T0/B0/hunter2', format: slack }]\n${RULE}`;
  assert.match(problems(slack)[0] ?? '', /mode 0600/);
  assert.equal(problems(slack, {}, 0o600).length, 0);
});

test('no message shows what is or may be a secret', () => {
  const text = `receivers:\n  - { name: t, url: 'ftp://hunter2', secret: hunter2, headers: { 'x y': hunter2 } }\n${RULE}`;
  const found = problems(text).join('\n');
  assert.equal(found.split('\n').length, 3, found);
  assert.ok(!found.includes('hunter2'), found);
});
