/** A tree over TLS in processes of its own: a child joins by a token, and what becomes of those who should not get in. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '../../src/core/clock.js';
import { parseJoinToken, printJoinToken } from '../../src/identity/join-token.js';
import { openPki } from '../../src/identity/pki.js';
import { makeRequest } from '../../src/identity/x509.js';
import { authority } from '../support/certificates.js';
import { canopy } from '../support/cli.js';
import { impostor } from '../support/impostor.js';
import { NodeProcess, startLeaf, startRelay, startRoot } from '../support/nodes.js';
import { safeRoot, TARGET } from '../support/safe-tree.js';
import { Sandbox } from '../support/sandbox.js';
import { freePort, until } from '../support/wait.js';

test('a child joins by a token, shows its certificate from then on, and the token opens nothing twice', {
  timeout: 120_000,
}, async t => {
  const { box, root, run, enrol, seen, local } = await safeRoot(t);
  const blind = await run('tree', '--url', `https://localhost:${root.settings.rest_port}`);
  assert.equal(blind.code, 3);
  assert.match(blind.stderr, /self-signed certificate in certificate chain; --ca or CANOPY_CA names/);
  const token = await enrol('web');
  const joined = await run('join', token, '.', '--set', `target=${TARGET}`, '--set', 'hb_interval=0.3');
  assert.deepEqual([joined.code, joined.stderr], [0, '']);
  assert.match(joined.stdout, /Next: npx canopy run web\.env/);
  const files = ['web.env', ...['ca.crt', 'node.crt', 'node.key'].map(name => `data/web/uplink/${name}`)];
  for (const file of files) assert.equal(statSync(box.path(file)).mode & 0o777, 0o600, file);
  const secret = parseJoinToken(token).secret;
  assert.ok(!readFileSync(box.path('web.env'), 'utf8').includes(secret));

  const started = await run('start', 'web.env');
  assert.equal(started.code, 0, started.stdout + started.stderr);
  await until(async () => (await seen('web')).status === 'up', 20_000, 'the root sees it up');

  const again = await run('join', token, 'elsewhere');
  assert.equal(again.code, 1);
  assert.match(again.stderr, /refused: .*the join token was used/);
  const there = await run('join', token, '.');
  assert.deepEqual([there.code, there.stderr.includes('--force')], [1, true]);
  const audit = readFileSync(box.path('root', 'audit.jsonl'), 'utf8');
  assert.match(audit, /"op":"certificate issue","outcome":"succeeded"/);
  assert.match(audit, /"outcome":"refused","code":"revoked"/);
  assert.ok(!audit.includes(secret) && !root.output.includes(secret));
  assert.equal((await local('ca', 'list', '--json')).code, 0);
  await run('stop', 'web.env');
});

test('a certificate that is revoked opens nothing from then on, without a restart', {
  timeout: 120_000,
}, async t => {
  const { seen, local, child } = await safeRoot(t);
  const [web, other] = [await child('web'), await child('other')];
  const revoked = await local('ca', 'revoke', 'web');
  assert.equal(revoked.code, 0, revoked.stderr);
  await until(async () => (await seen('web')).status === 'down', 20_000, 'it is dropped');
  await until(
    () => web.log.some(({ code, msg }) => code === 'refused' && /not authorized/.test(msg)),
    20_000,
    'it is refused',
  );
  assert.deepEqual([(await seen('web')).status, (await seen('other')).status], ['down', 'up']);
  assert.equal((await seen('web')).cause, 'will', 'at once, and not by the timeout');
  await web.stop();
  await other.stop();
});

test('a parent with another authority is told nothing: not the token, not by a child that has joined', {
  timeout: 120_000,
}, async t => {
  const { root, run, enrol, child } = await safeRoot(t);
  const fake = await authority(t);
  const [cert, key] = [readFileSync(fake.server.cert, 'utf8'), readFileSync(fake.server.key, 'utf8')];
  let told = 0;
  const count = (socket: Socket): void =>
    void socket
      .on('error', () => {})
      .on('data', chunk => {
        told += chunk.length;
      });
  const elsewhere = await impostor(t, 0, count, { cert, key });
  const token = printJoinToken({
    ...parseJoinToken(await enrol('lost')),
    url: `mqtts://localhost:${elsewhere}`,
  });
  const joined = await run('join', token, 'lost', '--set', `target=${TARGET}`);
  assert.equal(joined.code, 1);
  assert.match(joined.stderr, /certificate-untrusted: .*shows no authority with the fingerprint/);

  const web = await child('web');
  await root.crash();
  await impostor(t, root.port, count, { cert, key });
  await until(() => web.log.some(({ code }) => code === 'certificate-untrusted'), 20_000, 'it says so');
  assert.equal(told, 0);
  await web.stop();
});

test('a child that knows its parent by TLS never speaks plain to it, whatever its address says', {
  timeout: 120_000,
}, async t => {
  const { box, root, child } = await safeRoot(t);
  const web = await child('web');
  await web.stop();
  await root.stop();
  const first: number[] = [];
  await impostor(t, root.port, socket => void socket.once('data', chunk => first.push(chunk[0] ?? -1)));
  const plain = new NodeProcess(box, { ...web.settings, parent_url: `mqtt://localhost:${root.port}` });
  plain.launch();
  await until(() => first.length >= 3, 20_000, 'it has tried three times');
  // A TLS handshake record (RFC 8446, 5.1), and no CONNECT.
  assert.deepEqual(new Set(first), new Set([0x16]));
  await plain.stop();
});

test('a certificate past two thirds of its life is renewed over the link, and shown at the next connection', {
  timeout: 120_000,
}, async t => {
  const { box, root, child } = await safeRoot(t);
  const web = await child('web');
  await web.stop();
  const own = (name: string): string => box.path('data', 'web', 'uplink', name);
  const pki = openPki(root.dataDir, systemClock);
  const key = readFileSync(own('node.key'), 'utf8');
  // Counted from an hour ago, so that two thirds of it are over.
  const { cert } = await pki.issue({
    name: 'web',
    is: 'leaf',
    csr: await makeRequest('web', key),
    days: 0.01,
  });
  writeFileSync(own('node.crt'), cert);
  const before = pki.list().length;
  await web.up();
  await until(() => web.count(/certificate is renewed/) === 1, 20_000, 'it is renewed');
  const renewed = readFileSync(own('node.crt'), 'utf8');
  assert.notEqual(renewed, cert);
  assert.equal(pki.list().length, before + 1);
  await pki.revoke(new X509Certificate(cert).serialNumber.toLowerCase());
  await until(() => web.count(/uplink connected/) >= 2, 20_000, 'it is back with the new one');
  assert.equal(readFileSync(own('node.crt'), 'utf8'), renewed);
  await web.stop();
});

test('plain text to a TLS port is turned away, and nobody else notices', { timeout: 120_000 }, async t => {
  const { root, seen, child } = await safeRoot(t);
  const web = await child('web');
  for (const bytes of [
    Buffer.from('102000044d5154540402003c0014', 'hex'),
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
  ])
    for (const port of [root.port, Number(root.settings.rest_port)]) {
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
      socket.on('error', () => {}).resume();
      await new Promise(resolve => socket.once('close', resolve));
    }
  assert.equal((await seen('web')).status, 'up');
  assert.equal(web.count(/uplink lost/), 0);
  await web.stop();
});

test('who listens where strangers can reach it is refused, with what would make it right; or says so everywhere', {
  timeout: 120_000,
}, async t => {
  const box = new Sandbox(t);
  const [port, rest] = [await freePort(), await freePort()];
  const refused = await canopy(box, ['run'], {
    CANOPY_HOST: '0.0.0.0',
    CANOPY_PORT: String(port),
    CANOPY_REST_PORT: String(rest),
  });
  assert.equal(refused.code, 2);
  assert.match(
    refused.stderr,
    /CANOPY_HOST .*: expected CANOPY_AUTH=required and CANOPY_TLS=true; .*CANOPY_INSECURE=true, found MQTT at mqtt:\/\/0\.0\.0\.0/,
  );
  const root = await startRoot(box);
  const rack = await startRelay(box, root, { name: 'rack1', host: '0.0.0.0', insecure: true });
  const leaf = await startLeaf(box, rack, { name: 'web', target: TARGET });
  assert.equal(rack.count(/^INSECURE: .*mqtt:\/\/0\.0\.0\.0.*without TLS, for anyone/), 1);
  await until(
    async () => {
      const { nodes } = (await root.rest.get('/api/v1/nodes')).body;
      return (
        nodes.length === 3 &&
        nodes.map((node: { insecure: boolean }) => node.insecure).join() === 'false,true,false'
      );
    },
    20_000,
    'the root says so',
  );
  for (const node of [leaf, rack, root]) await node.stop();
});
