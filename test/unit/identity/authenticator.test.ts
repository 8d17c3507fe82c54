import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Credentials, Denial, Principal } from '../../../src/core/principal.js';
import { ACCESS, type AccessFile, type NodeSecretRecord } from '../../../src/identity/access-file.js';
import { AccessStore } from '../../../src/identity/access-store.js';
import { LocalAuthenticator } from '../../../src/identity/authenticator.js';
import { hashSecret } from '../../../src/identity/hash.js';
import { ISSUED, type Issued } from '../../../src/identity/issued.js';
import { IssuedCertificates } from '../../../src/identity/issued-certificates.js';
import { writePrivate } from '../../../src/identity/private-files.js';
import { newToken, printJoinSecret, printToken } from '../../../src/identity/token-text.js';
import { until } from '../../support/wait.js';
import { cheapHash, DAY, HandClock, HOUR, NOW, place } from './support.js';

const CI = newToken();
const JOINING = newToken();
const CERTIFICATE = {
  names: ['web'],
  unit: 'leaf',
  notAfter: NOW + DAY,
  serial: 'aa11',
  fingerprint256: `${'AB:'.repeat(31)}AB`,
};
const HASHES = {
  ci: await cheapHash(CI.secret),
  web: await cheapHash('sesame'),
  join: await cheapHash(JOINING.secret),
};

const file = (): AccessFile => ({
  v: 1,
  tokens: [
    {
      id: CI.id,
      name: 'ci',
      role: 'operator',
      under: 'rack1',
      createdAt: 1,
      expiresAt: NOW + DAY,
      hash: HASHES.ci,
    },
  ],
  nodes: [{ name: 'web', is: 'leaf', createdAt: 1, expiresAt: null, hash: HASHES.web }],
  joins: [
    { id: JOINING.id, name: 'rack1', is: 'relay', createdAt: 1, expiresAt: NOW + HOUR, hash: HASHES.join },
  ],
});
const issued = (more: Partial<Issued> = {}): Issued => ({
  v: 1,
  serial: 'aa11',
  name: 'web',
  unit: 'leaf',
  notBefore: NOW - HOUR,
  notAfter: NOW + DAY,
  fingerprint256: 'ab'.repeat(32),
  key: 'AA==',
  ...more,
});

function open(t: TestContext, { foreign = false, certificates = [issued()] } = {}) {
  const dir = place(t);
  const clock = new HandClock();
  const told: string[] = [];
  writePrivate(join(dir, 'access.json'), ACCESS.print(file()));
  writePrivate(join(dir, 'pki', 'issued.jsonl'), ISSUED.print(certificates));
  const report = (error: { code: string }): void => void told.push(error.code);
  const authenticator = LocalAuthenticator.open({ dataDir: dir, clock, foreign, report });
  t.after(() => authenticator.close());
  const ask = async (shown: Partial<Credentials>): Promise<unknown> => {
    const answer = await authenticator.authenticate({ address: '10.0.0.1', ...shown });
    return 'code' in answer ? answer.code : answer;
  };
  return { dir, clock, told, authenticator, ask };
}

const PERSON = { kind: 'person', name: 'ci', role: 'operator', under: 'rack1' };
const WEB = { kind: 'node', name: 'web', is: 'leaf' };
const token = { secret: printToken(CI) };
const joining = { username: 'join', secret: printJoinSecret(JOINING) };
const web = { username: 'web', secret: 'sesame' };

test('each kind of proof makes whom it should', async t => {
  const { ask } = open(t);
  const table: [Partial<Credentials>, unknown][] = [
    [token, PERSON],
    [{ ...token, username: 'whoever' }, PERSON],
    [{ ...token, username: 'web' }, PERSON],
    [web, WEB],
    [joining, { kind: 'joining', name: 'rack1' }],
    [{ certificate: CERTIFICATE }, WEB],
    [{ certificate: CERTIFICATE, username: 'web' }, WEB],
    [{ certificate: CERTIFICATE, ...token }, PERSON],
    [{ certificate: CERTIFICATE, username: 'web', secret: 'wrong' }, 'bad-credentials'],
    [{}, 'bad-credentials'],
    [{ secret: '' }, 'bad-credentials'],
    [{ username: 'web' }, 'bad-credentials'],
    [{ secret: 'sesame' }, 'bad-credentials'],
    [{ username: 'web', secret: 'Sesame' }, 'bad-credentials'],
    [{ username: 'other', secret: 'sesame' }, 'bad-credentials'],
    [{ username: '__proto__', secret: 'sesame' }, 'bad-credentials'],
    [{ secret: printToken({ ...CI, secret: newToken().secret }) }, 'bad-credentials'],
    [{ secret: printToken({ ...CI, id: newToken().id }) }, 'bad-credentials'],
    [{ secret: printToken(JOINING) }, 'bad-credentials'],
    [{ username: 'join', secret: printJoinSecret(CI) }, 'bad-credentials'],
    [{ secret: printJoinSecret(JOINING) }, 'bad-credentials'],
    [{ username: 'web', secret: HASHES.web }, 'bad-credentials'],
    [{ username: 'web', secret: 'x'.repeat(100_000) }, 'bad-credentials'],
  ];
  for (const [n, [shown, expected]] of table.entries())
    assert.deepEqual(
      await ask({ address: `10.0.1.${n}`, ...shown }),
      expected,
      JSON.stringify(shown).slice(0, 200),
    );
});

test('certificates: ours count by what was written down, others by their names where those are taken', async t => {
  const other = { ...CERTIFICATE, fingerprint256: 'cd'.repeat(32) };
  const ours = open(t, {
    certificates: [
      issued(),
      issued({ serial: 'bb', fingerprint256: '11'.repeat(32), unit: 'server', name: 'server' }),
      issued({ serial: 'cc', fingerprint256: '22'.repeat(32), revokedAt: NOW }),
      issued({ serial: 'dd', fingerprint256: '33'.repeat(32), notAfter: NOW }),
      issued({ serial: 'ee', fingerprint256: '44'.repeat(32), notBefore: NOW + 1 }),
    ],
  });
  const by = (of: typeof ours, more: object, username?: string) =>
    of.ask({ certificate: { ...CERTIFICATE, ...more }, ...(username !== undefined && { username }) });
  const table: [object, unknown][] = [
    [{ names: ['root', 'other'], unit: 'relay' }, WEB],
    [{ fingerprint256: '11'.repeat(32) }, 'bad-credentials'],
    [{ fingerprint256: '22'.repeat(32) }, 'revoked'],
    [{ fingerprint256: '33'.repeat(32) }, 'expired-credentials'],
    [{ fingerprint256: '44'.repeat(32) }, 'expired-credentials'],
    [other, 'bad-credentials'],
  ];
  for (const [more, expected] of table)
    assert.deepEqual(await by(ours, more), expected, JSON.stringify(more));
  const both = open(t, { foreign: true, certificates: [issued({ revokedAt: NOW })] });
  const node = (name: string, is: string) => ({ kind: 'node', name, is });
  const foreign: [object, string | undefined, unknown][] = [
    [{}, undefined, 'revoked'],
    [other, undefined, node('web', 'leaf')],
    [{ ...other, unit: 'relay' }, undefined, node('web', 'relay')],
    [{ ...other, unit: '' }, undefined, node('web', 'relay')],
    [{ ...other, unit: 'Sales' }, undefined, 'bad-credentials'],
    [{ ...other, names: ['web.example', 'api', 'web'] }, undefined, node('api', 'leaf')],
    [{ ...other, names: ['web.example', 'api', 'web'] }, 'web', node('web', 'leaf')],
    [{ ...other, names: ['web.example', 'api', 'web'] }, 'db', node('api', 'leaf')],
    [{ ...other, names: ['web.example', 'cmd', ''] }, undefined, 'bad-credentials'],
    [{ ...other, names: [] }, undefined, 'bad-credentials'],
    [{ ...other, notAfter: NOW }, undefined, 'expired-credentials'],
  ];
  for (const [more, username, expected] of foreign)
    assert.deepEqual(await by(both, more, username), expected, JSON.stringify([more, username]));
});

test('each proof ends when it says, and only who holds it is told why', async t => {
  const { clock, ask } = open(t);
  clock.pass(HOUR - 1);
  assert.deepEqual(await ask(joining), { kind: 'joining', name: 'rack1' });
  clock.pass(1);
  assert.equal(await ask(joining), 'expired-credentials');
  assert.equal(
    await ask({ ...joining, secret: printJoinSecret({ ...JOINING, secret: CI.secret }) }),
    'bad-credentials',
  );
  clock.pass(DAY - HOUR - 1);
  assert.deepEqual([await ask(token), await ask({ certificate: CERTIFICATE })], [PERSON, WEB]);
  clock.pass(1);
  assert.deepEqual(
    [await ask(token), await ask({ certificate: CERTIFICATE })],
    ['expired-credentials', 'expired-credentials'],
  );
  assert.deepEqual(await ask(web), WEB, 'it has no end');
});

test('what another process revokes is refused after a look, and who came in by it is to be let go', async t => {
  const { dir, clock, authenticator, ask, told } = open(t);
  const shown = [token, web, joining, { certificate: CERTIFICATE }];
  const inside = await Promise.all(
    shown.map(each => authenticator.authenticate({ address: '10.0.0.1', ...each })),
  );
  const standing = () => inside.map(who => authenticator.refusal(who as Principal)?.code ?? 'stays');
  let calls = 0;
  const off = authenticator.onChange(() => calls++);
  authenticator.look();
  assert.deepEqual([calls, standing()], [0, ['stays', 'stays', 'stays', 'stays']]);
  const elsewhere = new AccessStore(dir, clock);
  await elsewhere.revokeToken('ci');
  authenticator.look();
  assert.deepEqual([calls, standing()], [1, ['revoked', 'stays', 'stays', 'stays']]);
  await elsewhere.createNodeSecret({ name: 'web', is: 'leaf', expiresAt: null });
  authenticator.look();
  assert.deepEqual([calls, standing()], [2, ['revoked', 'revoked', 'stays', 'stays']], 'replaced');
  await elsewhere.spendJoin(JOINING.id);
  authenticator.look();
  assert.deepEqual([calls, standing()], [3, ['revoked', 'revoked', 'revoked', 'stays']]);
  await new IssuedCertificates(dir, clock).revoke('web');
  authenticator.look();
  assert.deepEqual([calls, standing()], [4, ['revoked', 'revoked', 'revoked', 'revoked']]);
  assert.deepEqual(await Promise.all(shown.map(ask)), ['revoked', 'bad-credentials', 'revoked', 'revoked']);
  authenticator.look();
  assert.equal(calls, 4, 'told once');
  off();
  await elsewhere.createJoin({ name: 'x', is: 'leaf', expiresAt: NOW + HOUR });
  authenticator.look();
  assert.deepEqual([calls, told], [4, []]);
});

test('who came in by a certificate of another authority is let go at its end, and gets none of ours', async t => {
  const { clock, authenticator } = open(t, { foreign: true, certificates: [issued()] });
  const foreign = { ...CERTIFICATE, fingerprint256: 'cd'.repeat(32), notAfter: NOW + HOUR };
  const [theirs, ours] = (await Promise.all(
    [foreign, CERTIFICATE].map(certificate =>
      authenticator.authenticate({ address: '10.0.0.1', certificate }),
    ),
  )) as [Principal, Principal];
  assert.deepEqual(
    [theirs, ours].map(who => authenticator.provenBy(who)),
    ['foreign', 'certificate'],
  );
  let calls = 0;
  authenticator.onChange(() => calls++);
  clock.pass(HOUR - 1);
  authenticator.look();
  assert.deepEqual([calls, authenticator.refusal(theirs)], [0, null]);
  clock.pass(1);
  authenticator.look();
  assert.deepEqual([calls, authenticator.refusal(theirs)?.code], [1, 'expired-credentials']);
  assert.equal(authenticator.refusal(ours), null);
});

test('what another process gives out or takes back counts for the very next caller', async t => {
  const { dir, clock, ask } = open(t);
  const elsewhere = new AccessStore(dir, clock, undefined, cheapHash);
  const { secret } = await elsewhere.createNodeSecret({ name: 'db', is: 'leaf', expiresAt: null });
  assert.deepEqual(await ask({ username: 'db', secret }), { kind: 'node', name: 'db', is: 'leaf' });
  await elsewhere.revokeNodeSecret('db');
  assert.equal(await ask({ username: 'db', secret }), 'revoked');
});

test('who is replaced while its hash is worked out does not come in', async t => {
  const { authenticator, ask } = open(t);
  const replace = async (hash: string) => {
    await authenticator.access.kept.update(before => ({
      ...before,
      nodes: [{ ...(before.nodes[0] as NodeSecretRecord), hash }],
    }));
    authenticator.look();
  };
  await replace(await hashSecret('sesame'));
  const answer = ask(web);
  await replace(HASHES.join);
  assert.equal(await answer, 'bad-credentials');
});

test('its own process revokes likewise, and an end that comes by itself is told once', async t => {
  const { clock, authenticator } = open(t);
  const let_in = (shown: object) => authenticator.authenticate({ address: '10.0.0.1', ...shown });
  const [person, node] = [await let_in(token), await let_in({ certificate: CERTIFICATE })] as Principal[];
  let calls = 0;
  authenticator.onChange(() => calls++);
  const codes = () => [person, node].map(who => authenticator.refusal(who as Principal)?.code);
  clock.pass(HOUR);
  authenticator.look();
  authenticator.look();
  assert.deepEqual([calls, codes()], [1, [undefined, undefined]], 'the join token');
  clock.pass(DAY - HOUR);
  authenticator.look();
  authenticator.look();
  assert.deepEqual([calls, codes()], [2, ['expired-credentials', 'expired-credentials']]);
  await authenticator.access.revokeNodeSecret('web');
  authenticator.look();
  assert.equal(calls, 3);
  assert.equal(authenticator.refusal({ kind: 'anyone' }), null, 'whom nobody let in nobody lets go');
});

test('a bad file keeps out nobody who was allowed, lets in nobody who was not, and is told', async t => {
  const { dir, authenticator, ask, told } = open(t);
  writeFileSync(join(dir, 'access.json'), '{"v":1,"tokens":');
  writeFileSync(join(dir, 'pki', 'issued.jsonl'), 'nonsense\n');
  let calls = 0;
  authenticator.onChange(() => calls++);
  authenticator.look();
  assert.deepEqual([told, calls], [['bad-identity-file', 'bad-identity-file'], 0]);
  assert.deepEqual(await Promise.all([token, web, { certificate: CERTIFICATE }].map(ask)), [
    PERSON,
    WEB,
    WEB,
  ]);
  assert.equal(await ask({ username: 'web', secret: '' }), 'bad-credentials');
  const options = { dataDir: dir, clock: new HandClock(), foreign: false, report: () => {} };
  assert.throws(() => LocalAuthenticator.open(options), { code: 'bad-identity-file' });
  writeFileSync(join(dir, 'access.json'), ACCESS.print(file()));
  chmodSync(join(dir, 'access.json'), 0o640);
  assert.throws(() => LocalAuthenticator.open(options), { code: 'loose-permissions' });
  const empty = LocalAuthenticator.open({ ...options, dataDir: place(t) });
  assert.equal(((await empty.authenticate({ address: 'x', ...web })) as Denial).code, 'bad-credentials');
});

test('who fails too often is not looked at, by address and by name; who was proven before still is', async t => {
  const { clock, ask } = open(t);
  assert.deepEqual(await ask({ ...web, address: '10.0.0.9' }), WEB);
  const wrong = { username: 'web', secret: 'wrong' };
  const codes: unknown[] = [];
  for (let n = 0; n < 12; n++) codes.push(await ask({ ...wrong, address: '10.0.2.1' }));
  assert.deepEqual(codes, [...Array(10).fill('bad-credentials'), 'slow-down', 'slow-down'], 'by name');
  assert.deepEqual(await ask({ ...web, address: '10.0.2.2' }), WEB, 'not kept out by who guesses elsewhere');
  for (let n = 0; n < 190; n++) codes.push(await ask({ ...wrong, address: `10.0.4.${n}` }));
  assert.ok(codes.slice(12).every(code => code === 'bad-credentials'));
  assert.equal(await ask({ ...wrong, address: '10.0.4.200' }), 'slow-down', 'by name, wherever from');
  assert.deepEqual(await ask({ ...web, address: '10.0.0.9' }), WEB, 'proven before');
  for (let n = 0; n < 21; n++) codes.push(await ask({ secret: printToken(newToken()), address: '10.0.3.1' }));
  assert.deepEqual(codes.slice(-2), ['bad-credentials', 'slow-down'], 'by address');
  assert.equal(await ask({ ...token, address: '10.0.3.1' }), 'slow-down', 'right or not');
  assert.deepEqual(await ask({ ...token, address: '10.0.3.2' }), PERSON);
  clock.pass(3000);
  assert.deepEqual(await ask({ ...joining, address: '10.0.3.1' }), { kind: 'joining', name: 'rack1' });
});

test('a hundred guesses at once get no further than one by one', async t => {
  const { ask } = open(t);
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, n) => ask({ username: 'web', secret: `guess ${n}` })),
  );
  const count = (code: string) => answers.filter(answer => answer === code).length;
  assert.equal(count('bad-credentials') + count('slow-down'), 100);
  assert.ok(
    count('bad-credentials') <= 11,
    `${count('bad-credentials')} were looked at: two are at work at a time`,
  );
});

test('forty nodes behind one address that come back at once are all let in', async t => {
  const { authenticator, ask } = open(t);
  const names = Array.from({ length: 40 }, (_, n) => `node${n}`);
  const hash = await cheapHash('sesame');
  await authenticator.access.kept.update(before => ({
    ...before,
    nodes: names.map(name => ({ name, is: 'leaf', createdAt: 1, expiresAt: null, hash })),
  }));
  authenticator.look();
  const answers = await Promise.all(names.map(username => ask({ username, secret: 'sesame' })));
  assert.deepEqual(
    answers,
    names.map(name => ({ kind: 'node', name, is: 'leaf' })),
  );
});

test('looks by itself once it is started', async t => {
  const { dir, clock, authenticator } = open(t);
  authenticator.start();
  let calls = 0;
  authenticator.onChange(() => calls++);
  await new AccessStore(dir, clock).revokeToken('ci');
  await until(() => calls === 1, 15_000);
});
