/** Tokens, secrets, certificates and join tokens as a person gives them out: real commands on a real data directory. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/core/clock.js';
import { LocalAuthenticator } from '../../src/identity/authenticator.js';
import { parseJoinToken } from '../../src/identity/join-token.js';
import { makeRequest, newKey } from '../../src/identity/x509.js';
import { canopy, type Outcome } from '../support/cli.js';
import { Sandbox } from '../support/sandbox.js';

const TOP = [
  'CANOPY_NAME=top',
  'CANOPY_HOST=0.0.0.0',
  'CANOPY_PORT=8883',
  'CANOPY_TLS=true',
  'CANOPY_AUTH=required',
];

function node(t: TestContext) {
  const box = new Sandbox(t);
  writeFileSync(box.path('top.env'), TOP.join('\n'));
  const run = (...words: string[]): Promise<Outcome> => canopy(box, words, {}, 30_000);
  /** The same, which is to succeed, for programs. */
  const json = async (...words: string[]): Promise<Record<string, never>> => {
    const { code, stdout, stderr } = await run(...words, '--json');
    assert.deepEqual([code, stderr], [0, ''], words.join(' '));
    return JSON.parse(stdout);
  };
  const options = {
    dataDir: box.path('data', 'top'),
    clock: systemClock,
    foreign: false,
    report: assert.fail,
  };
  return { box, run, json, open: () => LocalAuthenticator.open(options) };
}

test('a token opens what it says from the moment it is printed until it is revoked', {
  timeout: 120_000,
}, async t => {
  const { box, run, json, open } = node(t);
  const { code, stdout, stderr } = await run(
    'token',
    'create',
    'top.env',
    '--role',
    'operator',
    '--under',
    'rack1',
    '--name',
    'ci',
  );
  assert.equal(code, 0, stderr);
  const text = stdout.trim();
  assert.match(text, /^cnpy_[0-9a-f]{12}_[\w-]{43}$/);
  assert.ok(stderr.includes('operator of rack1') && !stderr.includes(text));
  const authenticator = open();
  const ask = () => authenticator.authenticate({ address: '10.0.0.1', secret: text });
  assert.deepEqual(await ask(), { kind: 'person', name: 'ci', role: 'operator', under: 'rack1' });
  const again = await run('token', 'create', 'top.env', '--role', 'viewer', '--name', 'ci');
  assert.deepEqual([again.code, again.stdout], [1, '']);
  assert.match(again.stderr, /^canopy: name-in-use: /);
  const { tokens } = (await json('token', 'list', 'top.env')) as unknown as {
    tokens: Record<string, unknown>[];
  };
  assert.deepEqual(
    tokens.map(it => [it.name, it.state, it.hash, it.token]),
    [['ci', 'in force', undefined, undefined]],
  );
  await json('token', 'revoke', 'ci', 'top.env');
  assert.equal(((await ask()) as { code: string }).code, 'revoked');
  assert.equal((await run('token', 'revoke', 'ci', 'top.env')).code, 1);
  const kept = ['access.json', 'audit.jsonl'].map(file =>
    readFileSync(box.path('data', 'top', file), 'utf8'),
  );
  const secret = text.slice(-43);
  assert.ok(kept.every(it => !it.includes(secret)));
  assert.match(kept[1] ?? '', /"op":"token create".*\n.*"op":"token revoke"/);
  chmodSync(box.path('data', 'top', 'access.json'), 0o644);
  const loose = await run('token', 'list', 'top.env');
  assert.match(loose.stderr, /^canopy: loose-permissions: .*access\.json.*0644/);
  assert.equal(loose.code, 1);
});

test('what is not understood ends with 2, and has done nothing', { timeout: 120_000 }, async t => {
  const { box, run } = node(t);
  writeFileSync(box.path('web.env'), 'CANOPY_IS_LEAF=true\nCANOPY_NAME=web\nCANOPY_TARGET=sleep 9\n');
  const wrong: [words: string[], says: RegExp][] = [
    [['token', 'create', 'top.env'], /--role/],
    [['token', 'create', 'top.env', '--role', 'god'], /viewer, operator, admin/],
    [['token', 'create', 'top.env', '--role', 'viewer', '--under', 'a//b'], /--under: .*is not a name/],
    [['token', 'create', 'top.env', '--role', 'viewer', '--expires', 'soon'], /expected a span such as 90d/],
    [['token', 'create', 'web.env', '--role', 'viewer'], /expected the settings of a root or relay/],
    [['token', 'create', 'no.env', '--role', 'viewer'], /no such file/],
    [['enroll', 'a/b', 'top.env'], /is not a name/],
    [['enroll', 'web', 'top.env', '--leaf', '--relay'], /found both/],
    [['enroll', 'web', 'top.env', '--expires', '0'], /expected a span/],
    [['ca', 'issue', 'a/b', 'top.env'], /is not a name/],
    [['ca', 'issue', 'web', 'top.env', '--days', '0'], /expected more than 0/],
    [['ca', 'renew', '--days', '1'], /./],
    [['secret', 'create', 'cmd', 'top.env'], /is not a name/],
  ];
  for (const [words, says] of wrong) {
    const { code, stdout, stderr } = await run(...words);
    assert.deepEqual([code, stdout], [2, ''], words.join(' '));
    assert.match(stderr, says, words.join(' '));
  }
  assert.equal(existsSync(box.path('data')), false);
});

test('enrolling makes CA and certificates, and says what is missing', { timeout: 120_000 }, async t => {
  const { box, run, json, open } = node(t);
  const enrolled = await json(
    'enroll',
    'rack1',
    'top.env',
    '--expires',
    '10m',
    '--url',
    'mqtts://canopy.example:8883',
  );
  const token = parseJoinToken(enrolled.token as unknown as string);
  assert.deepEqual(
    [token.url, token.name, token.kind, enrolled.lacks],
    ['mqtts://canopy.example:8883', 'rack1', 'relay', []],
  );
  const files = [
    'pki/ca.key',
    'pki/ca.crt',
    'pki/server.key',
    'pki/server.crt',
    'pki/issued.jsonl',
    'access.json',
    'audit.jsonl',
  ];
  for (const file of files) assert.equal(statSync(box.path('data', 'top', file)).mode & 0o777, 0o600, file);
  const ca = new X509Certificate(readFileSync(box.path('data', 'top', 'pki', 'ca.crt')));
  assert.equal(ca.fingerprint256.replaceAll(':', '').toLowerCase(), token.ca);
  assert.ok(
    new X509Certificate(readFileSync(box.path('data', 'top', 'pki', 'server.crt'))).checkHost(
      'canopy.example',
    ),
  );
  const join = () => open().authenticate({ address: '10.0.0.1', username: 'join', secret: token.secret });
  assert.deepEqual(await join(), { kind: 'joining', name: 'rack1' });
  await json('enroll', 'rack1', 'top.env', '--revoke');
  assert.equal(((await join()) as { code: string }).code, 'revoked');
  const plain = { CANOPY_HOST: '127.0.0.1', CANOPY_TLS: 'false', CANOPY_AUTH: 'none' };
  const refused = await canopy(box, ['enroll', 'web', 'top.env', '--leaf'], plain, 30_000);
  assert.deepEqual([refused.code, refused.stdout], [1, '']);
  for (const says of [/no-tls-listener/, /CANOPY_AUTH=required/, /CANOPY_TLS=true/, /CANOPY_HOST=0\.0\.0\.0/])
    assert.match(refused.stderr, says);
  const local = await canopy(
    box,
    ['enroll', 'web', 'top.env', '--leaf'],
    { CANOPY_HOST: '127.0.0.1' },
    30_000,
  );
  assert.equal(local.code, 0);
  assert.match(local.stderr, /top still needs CANOPY_HOST=0\.0\.0\.0/);
  assert.equal((await run('ca', 'init', 'top.env')).code, 1);
});

test('certificates are issued, renewed, listed and revoked; a key that is not ours stays where it is', {
  timeout: 120_000,
}, async t => {
  const { box, run, json, open } = node(t);
  const none = await run('ca', 'issue', 'web', 'top.env', '--leaf');
  assert.deepEqual([none.code, existsSync(box.path('web-uplink'))], [1, false]);
  assert.match(none.stderr, /^canopy: no-ca: .*canopy ca init/);
  await json('ca', 'init', 'top.env');
  await json('ca', 'issue', 'web', 'top.env', '--leaf', '--days', '30');
  const web = new X509Certificate(readFileSync(box.path('web-uplink', 'node.crt')));
  assert.equal(web.subject, 'CN=web\nOU=leaf');
  for (const file of ['node.key', 'node.crt', 'ca.crt'])
    assert.equal(statSync(box.path('web-uplink', file)).mode & 0o777, 0o600);
  writeFileSync(box.path('api.csr'), await makeRequest('api', newKey()));
  const api = await run('ca', 'issue', 'api', 'top.env', '--csr', 'api.csr');
  assert.equal(new X509Certificate(api.stdout).subject, 'CN=api\nOU=relay');
  const renewed = await run('ca', 'renew', 'web', 'top.env');
  assert.deepEqual(
    new X509Certificate(renewed.stdout).publicKey.export({ type: 'spki', format: 'der' }),
    web.publicKey.export({ type: 'spki', format: 'der' }),
  );
  await json('ca', 'renew', 'top.env', '--server');
  const shown = {
    names: ['web'],
    unit: 'leaf',
    notAfter: Date.parse(web.validTo),
    serial: web.serialNumber,
    fingerprint256: web.fingerprint256,
  };
  const authenticator = open();
  const ask = () => authenticator.authenticate({ address: '10.0.0.1', certificate: shown });
  assert.deepEqual(await ask(), { kind: 'node', name: 'web', is: 'leaf' });
  const { revoked } = (await json('ca', 'revoke', 'web', 'top.env')) as unknown as { revoked: unknown[] };
  assert.equal(revoked.length, 2);
  assert.equal(((await ask()) as { code: string }).code, 'revoked');
  const { certificates } = (await json('ca', 'list', 'top.env')) as unknown as {
    certificates: { name: string; state: string }[];
  };
  assert.deepEqual(certificates.map(it => `${it.name} ${it.state}`).sort(), [
    'api in force',
    'canopy listener in force',
    'canopy listener in force',
    'web revoked',
    'web revoked',
  ]);
});

test('a secret of a node is printed alone, so that it goes into a file', { timeout: 120_000 }, async t => {
  const { run, json, open } = node(t);
  const { stdout, code } = await run('secret', 'create', 'db', 'top.env', '--leaf');
  assert.equal(code, 0);
  const authenticator = open();
  const ask = () =>
    authenticator.authenticate({ address: '10.0.0.1', username: 'db', secret: stdout.trimEnd() });
  assert.deepEqual(await ask(), { kind: 'node', name: 'db', is: 'leaf' });
  await json('secret', 'revoke', 'db', 'top.env');
  assert.equal(((await ask()) as { code: string }).code, 'revoked');
});
