import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isDenial } from '../../../src/core/principal.js';
import { AccessStore } from '../../../src/identity/access-store.js';
import { LocalAuthenticator } from '../../../src/identity/authenticator.js';
import { type Asking, admit, Enrolment } from '../../../src/identity/enrolment.js';
import { type Certificate, type NewCertificate, openPki } from '../../../src/identity/pki.js';
import { readPrivate, writePrivate } from '../../../src/identity/private-files.js';
import { makeRequest, newKey } from '../../../src/identity/x509.js';
import { cheapHash, DAY, HandClock, HOUR, NOW, place } from './support.js';

const CSR = await makeRequest('web', newKey());

async function office(t: TestContext, { foreign = false } = {}) {
  const [dir, clock] = [place(t), new HandClock()];
  const identity = LocalAuthenticator.open({ dataDir: dir, clock, foreign, report: assert.fail });
  t.after(() => identity.close());
  const pki = openPki(dir, clock, identity.issued);
  await pki.init('root');
  const enter = async (shown: object): Promise<Asking> => {
    const who = await identity.authenticate({ address: '10.0.0.1', ...shown });
    assert.ok(!isDenial(who) && (who.kind === 'node' || who.kind === 'joining'));
    return who;
  };
  /** Connected by the certificate. */
  const by = ({ issued: { name, unit, serial, fingerprint256, notAfter } }: Certificate): Promise<Asking> =>
    enter({ certificate: { names: [name], unit, serial, fingerprint256, notAfter } });
  const access = new AccessStore(dir, clock, undefined, cheapHash);
  const enrolment = new Enrolment(identity, pki, clock);
  const give = (who: Asking): Promise<Certificate> => enrolment.certificateFor(who, CSR);
  const issue = (): Promise<Certificate> => pki.issue({ name: 'web', is: 'leaf', csr: CSR });
  const inForce = (): number => pki.list().filter(it => it.revokedAt === undefined).length;
  return { dir, clock, pki, enter, by, access, give, issue, inForce };
}

test('who shows a certificate is given a new one, until it is revoked', async t => {
  const { clock, pki, by, give, issue, inForce } = await office(t);
  const web = await by(await issue());
  assert.equal((await give(web)).issued.name, 'web');
  await assert.rejects(give(web), { code: 'slow-down' });
  await pki.revoke('web');
  clock.pass(5000);
  await assert.rejects(give(web), { code: 'revoked' });
  assert.deepEqual([pki.list().length, inForce()], [2, 0]);
});

test('who is revoked while its new one is made has nothing of it', async t => {
  const { pki, by, give, issue, inForce } = await office(t);
  const web = await by(await issue());
  const made = pki.issue.bind(pki);
  pki.issue = async (wanted: NewCertificate) => {
    await pki.revoke('web');
    return made(wanted);
  };
  await assert.rejects(give(web), { code: 'revoked' });
  assert.deepEqual([pki.list().length, inForce()], [2, 0]);
});

test('who shows a certificate of another authority is given none of ours', async t => {
  const { enter, give, pki } = await office(t, { foreign: true });
  const notAfter = Date.now() * 2;
  const theirs = { names: ['web'], unit: 'leaf', serial: '01', fingerprint256: 'cd'.repeat(32), notAfter };
  const web = await enter({ certificate: theirs });
  await assert.rejects(give(web), { code: 'not-authorized', message: /another authority/ });
  assert.equal(pki.list().length, 0);
});

test('a join token that can get no certificate, since none could be written down, is not spent', async t => {
  const { dir, access, pki } = await office(t);
  const { record } = await access.createJoin({ name: 'web', is: 'leaf', expiresAt: NOW + DAY });
  const file = join(dir, 'pki', 'issued.jsonl');
  await pki.issue({ name: 'other', is: 'leaf', csr: CSR });
  const line = readPrivate(file);
  writePrivate(file, line.repeat(Math.floor((14 * 1024 * 1024) / line.length)));
  const { id } = record;
  await assert.rejects(admit(access, pki, { name: 'web', id }, CSR), { code: 'file-full' });
  writePrivate(file, line);
  assert.equal((await admit(access, pki, { name: 'web', id }, CSR)).issued.name, 'web');
  await assert.rejects(admit(access, pki, { name: 'web', id }, CSR), { code: 'revoked' });
});

test('who is known by a secret, or by nothing, is given none: it would outlive the secret', async t => {
  const { pki, enter, access, give } = await office(t);
  const { secret } = await access.createNodeSecret({ name: 'web', is: 'leaf', expiresAt: null });
  await assert.rejects(give(await enter({ username: 'web', secret })), { code: 'not-authorized' });
  await assert.rejects(give({ kind: 'node', name: 'web', is: 'leaf' }), { code: 'not-authorized' });
  await assert.rejects(give({ kind: 'joining', name: 'web' }), { code: 'not-authorized' });
  assert.equal(pki.list().length, 0);
});

test('who came by a join token that was replaced spends neither; who holds the new one is let in once', async t => {
  const { clock, pki, enter, access, give } = await office(t);
  const wanted = { name: 'web', is: 'leaf', expiresAt: clock.at + HOUR } as const;
  const joining = async (): Promise<Asking> =>
    enter({ username: 'join', secret: (await access.createJoin(wanted)).secret });
  const before = await joining();
  const after = await joining();
  await assert.rejects(give(before), { code: 'revoked' });
  assert.equal((await give(after)).issued.unit, 'leaf');
  clock.pass(5000);
  await assert.rejects(give(after), { code: 'revoked' });
  assert.equal(pki.list().length, 1);
});

test('of one name five are given a day, so that no child fills the list; another day, more', async t => {
  const { clock, pki, by, give, issue } = await office(t);
  const web = await by(await issue());
  for (let count = 2; count <= 5; count += 1) {
    clock.pass(5000);
    await give(web);
  }
  for (const pause of [5000, DAY - 25_001]) {
    clock.pass(pause);
    await assert.rejects(give(web), { code: 'slow-down', message: /5 certificates within a day/ });
  }
  assert.equal(pki.list().length, 5);
  clock.pass(5001);
  await give(web);
});
