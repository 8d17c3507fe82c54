import assert from 'node:assert/strict';
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, isIP } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect, createServer, type PeerCertificate, type TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { CanopyError } from '../../../src/core/errors.js';
import { AccessStore } from '../../../src/identity/access-store.js';
import { hostsOf, renewalOf } from '../../../src/identity/certificate-facts.js';
import { plainHex } from '../../../src/identity/certificates.js';
import { admit } from '../../../src/identity/enrolment.js';
import { certifiedHosts } from '../../../src/identity/hosts.js';
import { openPki, type Pki } from '../../../src/identity/pki.js';
import { makeRequest, newKey, publicKeyOf, requestedKey } from '../../../src/identity/x509.js';
import { DAY, HandClock, HOUR, place } from './support.js';

const HOSTS = ['canopy.example', 'localhost', '127.0.0.1', '::1'];

async function withCa(t: TestContext): Promise<{ pki: Pki; clock: HandClock; dir: string }> {
  const dir = place(t);
  const clock = new HandClock();
  clock.at = Math.floor(Date.now() / 1000) * 1000; // TLS goes by the clock of the machine
  const pki = openPki(dir, clock);
  await pki.init('root');
  return { pki, clock, dir };
}
const read = (pem: string): X509Certificate => new X509Certificate(pem);
async function issued(pki: Pki, name = 'web', is: 'leaf' | 'relay' = 'leaf') {
  const key = newKey();
  return { key, ...(await pki.issue({ name, is, csr: await makeRequest(name, key) })) };
}

interface Side {
  readonly cert: string;
  readonly key: string;
}
interface Seen {
  readonly peer: PeerCertificate;
  readonly error: string | null;
}
const seenBy = (socket: TLSSocket): Seen => ({
  peer: socket.getPeerCertificate(true),
  error: socket.authorized ? null : String(socket.authorizationError),
});
/** What each side saw of the other at a handshake that neither breaks off, and what it has against it. */
async function handshake(server: Side, client: Side | null, ca: string, servername = 'localhost') {
  const listener = createServer({ ...server, ca, requestCert: true, rejectUnauthorized: false });
  const seen = new Promise<Seen>(resolve => listener.once('secureConnection', it => resolve(seenBy(it))));
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  const name = isIP(servername) ? { host: servername } : { host: '127.0.0.1', servername };
  const socket = connect({
    port,
    ca,
    rejectUnauthorized: false,
    ...name,
    ...(client && { cert: client.cert, key: client.key }),
  });
  await new Promise(resolve => socket.once('secureConnect', resolve));
  const result = { served: seenBy(socket), seen: await seen };
  socket.destroy();
  await new Promise(resolve => listener.close(resolve));
  return result;
}

test('a CA of ten years that signs for its children alone; its key is for its owner alone; there is one', async t => {
  const { pki, clock, dir } = await withCa(t);
  const ca = read(pki.ca().cert);
  assert.ok(ca.ca && ca.verify(ca.publicKey) && ca.checkIssued(ca));
  assert.equal(Date.parse(ca.validTo), clock.at + 3652 * DAY);
  assert.equal(ca.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  assert.equal(pki.ca().fingerprint256, plainHex(ca.fingerprint256));
  assert.deepEqual(readdirSync(join(dir, 'pki')).sort(), ['ca.crt', 'ca.key']);
  for (const file of ['ca.crt', 'ca.key']) assert.equal(statSync(join(dir, 'pki', file)).mode & 0o777, 0o600);
  assert.equal(statSync(join(dir, 'pki')).mode & 0o777, 0o700);
  await assert.rejects(pki.init('root'), { code: 'ca-exists' });
  const none = openPki(place(t), clock);
  assert.throws(() => none.ca(), { code: 'no-ca' });
  await assert.rejects(issued(none), { code: 'no-ca' });
});

test('by TLS both sides know each other; a child can neither serve nor sign, a stranger nothing', async t => {
  const { pki } = await withCa(t);
  await pki.ensureServer(HOSTS);
  const server = pki.server() as Side;
  const web = await issued(pki);
  const { cert: ca } = pki.ca();
  const { served, seen } = await handshake(server, web, ca);
  assert.deepEqual([served.error, seen.error], [null, null]);
  assert.deepEqual(
    [served.peer.subject.CN, seen.peer.subject.CN, seen.peer.subject.OU],
    ['canopy listener', 'web', 'leaf'],
  );
  assert.equal(seen.peer.subjectaltname, 'DNS:web');
  assert.equal(seen.peer.serialNumber.toLowerCase(), web.issued.serial);
  assert.equal(plainHex(seen.peer.fingerprint256), web.issued.fingerprint256);
  const { issuerCertificate: top } = served.peer as unknown as { issuerCertificate: PeerCertificate };
  assert.equal(
    plainHex(top.fingerprint256),
    pki.ca().fingerprint256,
    'the chain that is shown ends in the CA',
  );
  const { pki: other } = await withCa(t);
  const stranger = await issued(other);
  const table: [
    server: Side,
    client: Side | null,
    host: string,
    served: RegExp | null,
    seen: RegExp | null,
  ][] = [
    [server, web, 'canopy.example', null, null],
    [server, web, '127.0.0.1', null, null],
    [server, web, 'other.example', /ALTNAME/, null],
    [web, web, 'web', /INVALID_PURPOSE/, null],
    [server, server, 'localhost', null, /INVALID_PURPOSE/],
    [server, stranger, 'localhost', null, /SIGNATURE|ISSUER|LEAF/],
    [server, null, 'localhost', null, /ISSUER|undefined|null|LEAF/],
  ];
  for (const [n, [listener, client, host, ofServer, ofClient]] of table.entries()) {
    const found = await handshake(listener, client, ca, host);
    for (const [error, expected] of [
      [found.served.error, ofServer],
      [found.seen.error, ofClient],
    ] as const)
      assert.ok(expected === null ? error === null : expected.test(error ?? ''), `${n}: ${error}`);
  }
  assert.ok(!read(web.cert).ca);
});

test('of a request only the key is taken: not the name, not what it would like to be', async t => {
  const { pki, clock } = await withCa(t);
  const key = newKey();
  const made = await pki.issue({ name: 'web', is: 'leaf', csr: await makeRequest('root', key) });
  const cert = read(made.cert);
  assert.equal(cert.subject, 'CN=web\nOU=leaf');
  assert.ok(cert.checkPrivateKey(createPrivateKey(key)) && cert.verify(read(made.ca).publicKey));
  assert.deepEqual(
    [Date.parse(cert.validFrom), Date.parse(cert.validTo)],
    [clock.at - HOUR, clock.at + 90 * DAY],
  );
  assert.equal(Date.parse(cert.validTo), made.issued.notAfter);
  assert.equal(renewalOf(cert), clock.at - HOUR + ((90 * DAY + HOUR) * 2) / 3);
  for (const name of ['a/b', '', 'cmd', 'x\nOU=relay', 'web.example', '*'])
    await assert.rejects(
      pki.issue({ name, is: 'leaf', csr: await makeRequest('x', key) }),
      { code: 'bad-path' },
      name,
    );
  const serials = new Set<string>();
  for (let n = 0; n < 20; n++) serials.add((await pki.renew('web')).issued.serial);
  assert.equal(serials.size, 20);
  for (const serial of serials) assert.match(serial, /^[4-7][0-9a-f]{31}$/);
  assert.equal(pki.list().length, 21);
  const long = await pki.issue({ name: 'web', is: 'leaf', csr: await makeRequest('x', key), days: 9999 });
  assert.equal(long.issued.notAfter, clock.at + 3652 * DAY, 'not longer than the CA');
});

test('requests that are none, not signed by their key, or weak are refused by one code', async () => {
  const sound = await makeRequest('web', newKey());
  assert.ok((await requestedKey(`\n${sound}\n`)).length > 50);
  const der = Buffer.from(sound.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const pem = (bytes: Buffer): string =>
    `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
  assert.ok(await requestedKey(pem(der)));
  const refused = (text: string) =>
    assert.rejects(
      requestedKey(text),
      (error: unknown) =>
        error instanceof CanopyError && error.code === 'bad-csr' && error.message.length < 300,
      text.slice(0, 80),
    );
  for (const text of [
    '',
    'x',
    sound.slice(0, -40),
    sound + sound,
    pem(Buffer.from('')),
    pem(Buffer.alloc(5000)),
    'x'.repeat(1e6),
    sound.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE'),
  ])
    await refused(text);
  await refused(pem(Buffer.from(`${'30800000'.repeat(2000)}`, 'hex')));
  const key = await requestedKey(sound);
  const [at, other] = [der.indexOf(key), publicKeyOf(newKey())];
  assert.ok(at > 0 && other.length === key.length);
  await refused(pem(Buffer.concat([der.subarray(0, at), other, der.subarray(at + key.length)])));
  // Of one bit turned anywhere comes no other key.
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: der.length * 8 - 1 }), async bit => {
      const turned = Buffer.from(der);
      turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await requestedKey(pem(turned)).then(
        taken => assert.deepEqual(taken, key, `bit ${bit}`),
        error => assert.equal((error as CanopyError).code, 'bad-csr', `bit ${bit}: ${error}`),
      );
    }),
    { numRuns: 300 },
  );
});

test('renewing overlaps; revoking ends all of a name, or one; both are kept for the next start', async t => {
  const { pki, clock, dir } = await withCa(t);
  const first = await issued(pki, 'web');
  const api = await issued(pki, 'api', 'relay');
  const second = await pki.renew('web', 30);
  const again = openPki(dir, clock);
  assert.deepEqual(
    read(second.cert).publicKey.export({ type: 'spki', format: 'der' }),
    publicKeyOf(first.key),
  );
  assert.equal(second.issued.notAfter, clock.at + 30 * DAY);
  assert.deepEqual(
    again.list().map(it => it.revokedAt),
    [undefined, undefined, undefined],
  );
  assert.deepEqual(
    (await again.revoke(first.issued.serial)).map(it => it.serial),
    [first.issued.serial],
  );
  assert.deepEqual(
    (await pki.revoke('web')).map(it => it.serial),
    [second.issued.serial],
  );
  await assert.rejects(pki.revoke('web'), { code: 'no-such-credential' });
  await assert.rejects(pki.renew('web'), { code: 'no-such-credential' });
  assert.deepEqual(
    again.list().map(it => it.revokedAt),
    [clock.at, undefined, clock.at],
  );
  assert.equal((await pki.renew(api.issued.serial)).issued.unit, 'relay');
  clock.pass(90 * DAY);
  await assert.rejects(pki.renew('api'), { code: 'no-such-credential' }, 'too late');
});

test('what was not written down is not given out', async t => {
  const { pki, dir } = await withCa(t);
  await issued(pki);
  writeFileSync(join(dir, 'pki', 'issued.jsonl'), '{"v":1}\n');
  await assert.rejects(issued(pki), { code: 'bad-identity-file' });
  assert.equal(readFileSync(join(dir, 'pki', 'issued.jsonl'), 'utf8'), '{"v":1}\n');
});

test('the server certificate is made anew when hosts come, when it is old, and when it is of another CA', async t => {
  const { pki, clock, dir } = await withCa(t);
  assert.equal(pki.server(), null);
  assert.equal(await pki.ensureServer(HOSTS), true);
  const before = pki.server();
  assert.equal(await pki.ensureServer(HOSTS), false);
  assert.equal(await pki.ensureServer([...HOSTS, '10.1.2.3']), true);
  assert.equal(pki.server()?.key, before?.key, 'the key stays, so that no reader sees half of a pair');
  assert.ok(read(pki.server()?.cert ?? '').checkIP('10.1.2.3'));
  assert.equal(await pki.ensureServer(HOSTS), false, 'one host less is no reason');
  assert.deepEqual(hostsOf(pki.server()?.cert ?? '').sort(), [...HOSTS, '10.1.2.3'].sort());
  clock.pass(59 * DAY);
  assert.equal(await pki.ensureServer(HOSTS), false);
  clock.pass(2 * DAY);
  assert.equal(await pki.ensureServer(HOSTS), true);
  assert.ok(read(pki.server()?.cert ?? '').checkIP('10.1.2.3'), 'nor forgotten at the next');
  const { dir: other } = await withCa(t);
  for (const file of ['ca.crt', 'ca.key'])
    writeFileSync(join(dir, 'pki', file), readFileSync(join(other, 'pki', file)));
  assert.equal(await pki.ensureServer(HOSTS), true);
  assert.equal(await pki.ensureServer(HOSTS), false);
});

test('two processes that begin at once make one CA', async t => {
  const dir = place(t);
  const all = await Promise.allSettled([1, 2, 3].map(() => openPki(dir, new HandClock()).init('root')));
  assert.deepEqual(all.map(it => it.status).sort(), ['fulfilled', 'rejected', 'rejected']);
});

test('who holds a join token is let in once, by a sound request', async t => {
  const { pki, clock, dir } = await withCa(t);
  const store = new AccessStore(dir, clock);
  const { record } = await store.createJoin({ name: 'rack1', is: 'relay', expiresAt: clock.at + HOUR });
  await assert.rejects(admit(store, pki, record, 'nonsense'), { code: 'bad-csr' });
  const csr = await makeRequest('whoever', newKey());
  const both = await Promise.allSettled([admit(store, pki, record, csr), admit(store, pki, record, csr)]);
  const made = both.flatMap(it => (it.status === 'fulfilled' ? [it.value] : []));
  assert.deepEqual(
    made.map(it => read(it.cert).subject),
    ['CN=rack1\nOU=relay'],
  );
  await assert.rejects(admit(store, pki, record, csr), { code: 'revoked' });
  await assert.rejects(admit(store, openPki(place(t), clock), record, csr), { code: 'no-ca' });
});

test('keys of other kinds are taken, weak ones are not', async () => {
  // Only now: it needs what x509.js has loaded before it.
  const { Pkcs10CertificateRequestGenerator } = await import('@peculiar/x509');
  const rsa = (modulusLength: number) => ({
    ...{ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength },
    publicExponent: new Uint8Array([1, 0, 1]),
  });
  const request = async (algorithm: Parameters<typeof webcrypto.subtle.generateKey>[0]): Promise<string> => {
    const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
      'sign',
      'verify',
    ])) as webcrypto.CryptoKeyPair;
    const signingAlgorithm = { name: (algorithm as { name: string }).name, hash: 'SHA-256' };
    return (
      await Pkcs10CertificateRequestGenerator.create({ name: 'CN=x', keys, signingAlgorithm })
    ).toString('pem');
  };
  assert.ok(await requestedKey(await request(rsa(2048))));
  assert.ok(await requestedKey(await request({ name: 'ECDSA', namedCurve: 'P-384' } as never)));
  await assert.rejects(requestedKey(await request(rsa(1024))), { code: 'bad-csr' });
});

test('hosts: those of the listeners, this machine, and all its addresses where one listens on all', () => {
  const machine = { hostName: 'Box', addresses: ['127.0.0.1', '10.0.0.5', 'fe80::1', '2001:db8::1'] };
  const local = ['localhost', '127.0.0.1', '::1', 'box'];
  const table: [string[], string[]][] = [
    [[], local],
    [['127.0.0.1'], ['127.0.0.1', 'localhost', '::1', 'box']],
    [
      ['canopy.example', '[2001:db8::2]'],
      ['canopy.example', '2001:db8::2', ...local],
    ],
    [['0.0.0.0'], [...local, '10.0.0.5', '2001:db8::1']],
    [
      ['::', 'x'],
      ['x', ...local, '10.0.0.5', '2001:db8::1'],
    ],
    [['not a host', '*.example', ''], local],
  ];
  for (const [listeners, hosts] of table) assert.deepEqual(certifiedHosts(listeners, machine), hosts);
});
