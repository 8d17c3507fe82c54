import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type BrokerAddress, parseBrokerUrl } from '../../../src/config/address.js';
import { AccessStore } from '../../../src/identity/access-store.js';
import { parseJoinToken } from '../../../src/identity/join-token.js';
import { joinUrl, type Listening, lacking } from '../../../src/identity/join-url.js';
import { Office } from '../../../src/identity/office.js';
import { openPki } from '../../../src/identity/pki.js';
import { HandClock, HOUR, NOW, place } from './support.js';

const listening = (more: Partial<Listening> = {}, ...urls: string[]): Listening => ({
  auth: 'required',
  tls: true,
  host: '0.0.0.0',
  port: 8883,
  listen: urls.map(url => parseBrokerUrl(url, true) as BrokerAddress),
  ...more,
});
const plain = { tls: false, host: '127.0.0.1', port: 1883 };

test('the URL is that of a TLS listener that others reach, else of one that this machine does', () => {
  const table: [Listening, string | null][] = [
    [listening(), 'mqtts://box:8883'],
    [listening({ host: '::' }), 'mqtts://box:8883'],
    [listening({ host: 'canopy.example' }), 'mqtts://canopy.example:8883'],
    [listening({ host: '2001:db8::1' }), 'mqtts://[2001:db8::1]:8883'],
    [listening({ host: '127.0.0.1' }), 'mqtts://127.0.0.1:8883'],
    [listening({ host: '127.0.0.1' }, 'wss://canopy.example:443'), 'wss://canopy.example:443/mqtt'],
    [listening(plain, 'mqtts://0.0.0.0:8884'), 'mqtts://box:8884'],
    [listening(plain, 'ws://0.0.0.0:80'), null],
    [listening(plain), null],
    [listening({ port: 0 }), null],
  ];
  for (const [given, url] of table) assert.equal(joinUrl(given, 'box'), url, JSON.stringify(given));
});

test('what is missing is told as settings', () => {
  const names = (of: Listening) => lacking(of).map(it => it.split(' ')[0]);
  const table: [Listening, string[]][] = [
    [listening(), []],
    [listening({ auth: 'none' }), ['CANOPY_AUTH=required']],
    [listening({ host: '127.0.0.1' }), ['CANOPY_HOST=0.0.0.0']],
    [listening(plain, 'wss://canopy.example:443'), []],
    [
      listening({ ...plain, auth: 'none' }),
      ['CANOPY_AUTH=required', 'CANOPY_TLS=true', 'CANOPY_HOST=0.0.0.0'],
    ],
  ];
  for (const [given, expected] of table) assert.deepEqual(names(given), expected);
});

function open(t: TestContext, of: Listening, ownCert: string | null = null) {
  const dir = place(t);
  const clock = new HandClock();
  const access = new AccessStore(dir, clock);
  const pki = openPki(dir, clock);
  return {
    dir,
    access,
    pki,
    office: new Office({ name: 'root', access, pki, clock, listening: of, ownCert }),
  };
}

test('enrolling makes what is missing, once, and names the CA by its fingerprint', async t => {
  const { office, pki, access } = open(t, listening({ host: '10.9.8.7' }));
  const wanted = { name: 'rack1', is: 'relay', expiresAt: NOW + HOUR } as const;
  const token = parseJoinToken(await office.enrol(wanted));
  const ca = new X509Certificate(pki.ca().cert);
  assert.equal(token.ca, ca.fingerprint256.replaceAll(':', '').toLowerCase());
  assert.deepEqual(
    [token.url, token.name, token.kind, token.exp],
    ['mqtts://10.9.8.7:8883', 'rack1', 'relay', NOW + HOUR],
  );
  const served = new X509Certificate(pki.server()?.cert ?? '');
  assert.ok(served.checkIP('10.9.8.7') && served.checkIP('127.0.0.1') && served.checkHost('localhost'));
  const again = parseJoinToken(await office.enrol({ ...wanted, url: 'wss://nat.example:443/mqtt' }));
  assert.equal(again.ca, token.ca);
  assert.ok(new X509Certificate(pki.server()?.cert ?? '').checkHost('nat.example'), 'that name as well');
  assert.equal(access.current.joins.length, 2);
  await assert.rejects(office.enrol({ ...wanted, url: 'mqtt://x:1883' }), { code: 'bad-argument' });
  await assert.rejects(office.enrol({ ...wanted, url: 'x' }), { code: 'bad-argument' });
});

test('without a TLS listener nothing is made', async t => {
  const { office, pki } = open(t, listening({ ...plain, auth: 'none' }));
  await assert.rejects(
    office.enrol({ name: 'a', is: 'leaf', expiresAt: NOW + HOUR }),
    (error: { code?: string; message: string }) =>
      error.code === 'no-tls-listener' &&
      /CANOPY_TLS=true/.test(error.message) &&
      /CANOPY_AUTH=required/.test(error.message),
  );
  assert.equal(pki.hasCa, false);
});

test("a chain of one's own is named by its last certificate, and is left alone", async t => {
  const own = open(t, listening());
  await own.office.prepare();
  const file = join(own.dir, 'chain.pem');
  writeFileSync(file, own.pki.server()?.cert ?? '');
  const { office, pki } = open(t, listening(), file);
  const token = parseJoinToken(await office.enrol({ name: 'a', is: 'leaf', expiresAt: NOW + HOUR }));
  assert.equal(token.ca, own.pki.ca().fingerprint256);
  assert.deepEqual(
    [pki.hasCa, pki.server()],
    [true, null],
    'children get theirs from our own CA all the same',
  );
  writeFileSync(file, 'nothing');
  await assert.rejects(office.enrol({ name: 'a', is: 'leaf', expiresAt: NOW + HOUR }), {
    code: 'bad-identity-file',
  });
});

test('tokens are listed without their hashes, and taken back by id alone', async t => {
  const { office, dir } = open(t, listening());
  const { text, token } = await office.createToken({
    name: 'ci',
    role: 'viewer',
    under: '',
    expiresAt: null,
  });
  assert.match(text, /^cnpy_/);
  assert.deepEqual(await office.tokens(), [token]);
  assert.ok(!('hash' in token) && readFileSync(join(dir, 'access.json'), 'utf8').includes('$scrypt$'));
  await assert.rejects(office.revokeToken('ci'), { code: 'no-such-credential' });
  await office.revokeToken(token.id);
  assert.equal((await office.tokens())[0]?.revokedAt, NOW);
});
