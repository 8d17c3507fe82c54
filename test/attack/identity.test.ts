/** Who is not who he says, against a tree of real processes that asks everybody, over TLS. For each: what he got, what was written down, and that the honest noticed nothing. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it, type TestContext } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import type { AuditEntry } from '../../src/core/audit-entry.js';
import { systemClock } from '../../src/core/clock.js';
import { AccessStore } from '../../src/identity/access-store.js';
import { parseJoinToken } from '../../src/identity/join-token.js';
import { openPki } from '../../src/identity/pki.js';
import { writePrivate } from '../../src/identity/private-files.js';
import { makeRequest, newKey } from '../../src/identity/x509.js';
import { Honest } from '../fuzz/honest.js';
import { impostor } from '../support/impostor.js';
import { NodeProcess, startLeaf } from '../support/nodes.js';
import { type ConnectOptions, connectPacket, publishPacket, RawClient, TYPE } from '../support/raw-mqtt.js';
import { rawHttp } from '../support/rest.js';
import { askTls } from '../support/rest-tls.js';
import { type SafeRoot, safeRoot, TARGET } from '../support/safe-tree.js';
import { Sandbox } from '../support/sandbox.js';
import { until } from '../support/wait.js';

const TIMEOUT_S = 10;

describe('attacks on who one is, on real processes', {
  skip: process.platform !== 'linux' && 'needs /proc',
}, () => {
  const box = new Sandbox({ after });
  let tree: SafeRoot;
  let [rack, web, db]: NodeProcess[] = [];
  let ca: string;
  let honest: Honest[];
  let auditedBefore = 0;

  const at = (node: NodeProcess | undefined): NodeProcess => node as NodeProcess;
  const rest = (path: string, more: { method?: string; token?: string; body?: object; from?: string } = {}) =>
    askTls({ port: Number(tree.root.settings.rest_port), ca, path, ...more });
  const asMe = (clientId: string): ConnectOptions => ({ clientId, username: 'me', password: tree.token });

  before(async () => {
    tree = await safeRoot(box, { timeout: TIMEOUT_S });
    ca = readFileSync(join(tree.root.dataDir, 'pki', 'ca.crt'), 'utf8');
    [rack, db] = await Promise.all([tree.child('rack1', 'relay'), tree.child('db')]);
    web = await startLeaf(box, at(rack), { name: 'web', target: TARGET });
    await until(async () => (await tree.seen('rack1/web')).status === 'up', 20_000, 'rack1/web is up');
  });
  beforeEach(async () => {
    auditedBefore = audit().length;
    honest = await Promise.all(
      ['rack1/web', 'db'].map(async path => {
        const client = new RawClient(tree.root.port, '127.0.0.1', { ca });
        assert.equal(await client.connect({ ...asMe(`honest-${path}`), keepalive: 30 }), 0);
        const command = { method: 'POST', token: tree.token, body: { path, op: 'ping' } };
        return Honest.over(client, path, () => rest('/api/v1/commands?wait=10', command));
      }),
    );
  });

  // What a failed test has left at work would keep this file from ending.
  afterEach(() => Promise.all(honest.map(each => each.end())));

  function audit(): AuditEntry[] {
    const text = readFileSync(join(tree.root.dataDir, 'audit.jsonl'), 'utf8');
    return text
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line));
  }

  /** `via op outcome code` of what came from an address during this attack, or of all. */
  const noted = (from?: string): string[] =>
    audit()
      .slice(auditedBefore)
      .filter(({ address }) => from === undefined || address === from)
      .map(({ via, op, outcome, code = '' }) => `${via} ${op} ${outcome} ${code}`.trim());

  async function metric(line: string): Promise<number> {
    const { body } = await rest('/metrics', { token: tree.token });
    const found = String(body)
      .split('\n')
      .find(each => each.startsWith(`${line} `));
    return Number(found?.split(' ').at(-1) ?? 0);
  }
  const refusals = (code: string): Promise<number> => metric(`canopy_refusals_total{code="${code}"}`);

  /** Says what became of an attack, and holds that the honest noticed nothing. */
  async function unharmed(t: TestContext, told: readonly string[]): Promise<void> {
    const said: string[] = [];
    for (const each of honest) said.push(await each.end());
    t.diagnostic(`told: ${told.join(', ')}; honest rack1/web: ${said[0]}; db: ${said[1]}`);
    for (const each of honest) {
      assert.deepEqual(each.failed, []);
      assert.ok(each.commands > 0 && each.longestGap < TIMEOUT_S * 1000, said.join());
    }
    for (const node of [tree.root, rack, web, db]) {
      assert.ok(at(node).isRunning, at(node).output.slice(-2000));
      assert.equal(at(node).count(/uplink lost/), 0, at(node).output.slice(-2000));
      assert.equal(at(node).count(/stop/i), 0, at(node).output.slice(-2000));
    }
    for (const path of ['rack1', 'rack1/web', 'db']) {
      const { body } = await rest(`/api/v1/nodes/${path}`, { token: tree.token });
      assert.equal(body.status, 'up', path);
    }
    assert.ok(![...noted(), ...said].some(text => text.includes(tree.token)));
  }

  interface Tried {
    readonly client: RawClient;
    /** Of the CONNACK; null where the connection ended without one. */
    readonly code: number | null;
  }

  async function attempt(
    from: string,
    options: ConnectOptions,
    shown: ConnectionOptions = {},
  ): Promise<Tried> {
    const client = new RawClient(tree.root.port, from, { ca, ...shown });
    client.send(connectPacket(options));
    await until(() => client.closed || client.of(TYPE.connack).length > 0, 20_000, 'an answer');
    return { client, code: client.of(TYPE.connack)[0]?.body[1] ?? null };
  }

  /** A certificate of the root's own authority, as joining gives it. */
  async function certificate(name: string): Promise<{ cert: string; key: string }> {
    const key = newKey();
    const pki = openPki(tree.root.dataDir, systemClock);
    const { cert } = await pki.issue({ name, is: 'leaf', csr: await makeRequest(name, key) });
    return { cert, key };
  }

  it('no credentials: not let in, by MQTT or REST', async t => {
    const from = '127.0.0.11';
    const client = new RawClient(tree.root.port, from, { ca });
    client.send(
      connectPacket({ clientId: 'nobody' }),
      publishPacket('canopy/db/cmd', '{"op":"stop"}', { qos: 1 }),
    );
    await client.ended(20_000);
    assert.deepEqual([client.of(TYPE.connack)[0]?.body[1], client.of(TYPE.puback).length], [4, 0]);
    const read = await rest('/api/v1/tree', { from });
    const command = { method: 'POST', body: { path: 'db', op: 'stop' }, from };
    assert.deepEqual([read.status, (await rest('/api/v1/commands', command)).status], [401, 401]);
    assert.deepEqual(noted(from), [
      'mqtt connect refused bad-credentials',
      'rest request refused unauthenticated',
      'rest request refused unauthenticated',
    ]);
    await unharmed(t, noted(from));
  });

  it('wrong ones, again and again: refused, then told to slow down, and the owner of the name is not', async t => {
    const from = '127.0.0.12';
    const wrong = `${tree.token.slice(0, -4)}AAAA`;
    const codes: (number | null)[] = [];
    while (!codes.includes(3) && codes.length < 40)
      codes.push(
        (await attempt(from, { clientId: `guess${codes.length}`, username: 'me', password: wrong })).code,
      );
    assert.deepEqual([...new Set(codes)], [4, 3], codes.join());
    const { status, body } = await rest('/api/v1/tree', { token: wrong, from });
    assert.deepEqual([status, body.code], [429, 'slow-down']);
    const told = [...new Set(noted(from))];
    assert.deepEqual(told, [
      'mqtt connect refused bad-credentials',
      'mqtt connect refused slow-down',
      'rest request refused slow-down',
    ]);
    await unharmed(t, told);
  });

  it('a leaf with its own certificate and its neighbour’s name, topics and commands', async t => {
    const from = '127.0.0.13';
    const own = await certificate('evil');
    const before = await refusals('not-authorized');
    assert.equal((await attempt(from, { clientId: 'canopy/db/00000000deadbeef' }, own)).code, 2);
    const will = { topic: 'canopy/db/state', payload: '{"v":1}' };
    assert.equal((await attempt(from, { clientId: 'canopy/evil/00000000deadbeef', will }, own)).code, 5);
    const { client, code } = await attempt(from, { clientId: 'canopy/evil/00000000deadbeef' }, own);
    assert.equal(code, 0);
    const lies = ['db/hb', 'db/state', 'db/cmd', 'db/_csr', 'rack1/web/state', 'evil/below/hb', 'cmd'];
    for (const lie of lies) client.send(publishPacket(`canopy/${lie}`, '{"op":"stop"}', { qos: 1 }));
    await client.expect(TYPE.puback, lies.length);
    const filters = ['canopy/db/cmd', 'canopy/db/_cert', 'canopy/+/cmd', '#', 'canopy/evil/cmd'];
    assert.deepEqual(await client.subscribe(filters, 1), [128, 128, 128, 128, 1]);
    client.destroy();
    const refused = (await refusals('not-authorized')) - before;
    assert.ok(refused >= lies.length, `${refused} refusals`);
    const told = [...new Set(noted(from))];
    for (const each of [
      'client refused wrong-name',
      'publish refused not-authorized',
      'stop refused not-authorized',
    ])
      assert.ok(told.includes(`mqtt ${each}`), told.join());
    await unharmed(t, [...told, `not-authorized ${refused}`]);
  });

  it('a stolen certificate that is revoked: out at once, and shown again refused', async t => {
    const from = '127.0.0.14';
    const stolen = await certificate('stolen');
    const as = { clientId: 'canopy/stolen/00000000deadbeef' };
    const { client, code } = await attempt(from, as, stolen);
    assert.equal(code, 0);
    const { code: ended, stderr } = await tree.local('ca', 'revoke', 'stolen');
    assert.equal(ended, 0, stderr);
    await client.ended(10_000);
    assert.equal((await attempt(from, as, stolen)).code, 5);
    assert.deepEqual(noted(from), ['mqtt connect accepted', 'mqtt connect refused revoked']);
    assert.ok(noted().includes('local certificate revoke succeeded'), noted().join());
    await unharmed(t, noted(from));
  });

  it('an expired token: out when it ends, and refused from then on, by MQTT and REST', async t => {
    const from = '127.0.0.15';
    const store = new AccessStore(tree.root.dataDir, systemClock);
    const expiresAt = Date.now() + 2000;
    const { text } = await store.createToken({ name: 'brief', role: 'admin', under: '', expiresAt });
    const as = { clientId: 'late', username: 'brief', password: text };
    const { client, code } = await attempt(from, as);
    assert.equal(code, 0);
    await client.ended(20_000);
    assert.equal((await attempt(from, as)).code, 4);
    const command = { method: 'POST', token: text, body: { path: 'db', op: 'stop' }, from };
    const { status, body } = await rest('/api/v1/commands', command);
    assert.deepEqual([status, body.code], [401, 'expired-credentials']);
    assert.deepEqual(noted(from), [
      'mqtt connect accepted',
      'mqtt connect refused expired-credentials',
      'rest request refused expired-credentials',
    ]);
    await unharmed(t, noted(from));
  });

  it('the join token of an honest node, replayed: spent', async t => {
    const from = '127.0.0.16';
    const { secret } = parseJoinToken(tree.joinTokens.get('db') ?? '');
    const as = { clientId: 'join-00000000', username: 'join', password: secret };
    const { code, client } = await attempt(from, as);
    assert.equal(code, 5);
    await client.ended();
    assert.equal((await rest('/api/v1/tree', { token: secret, from })).status, 401);
    assert.deepEqual(noted(from), ['mqtt connect refused revoked', 'rest request refused bad-credentials']);
    assert.ok(!JSON.stringify(audit()).includes(secret) && !tree.root.output.includes(secret));
    await unharmed(t, noted(from));
  });

  it('a downgrade of a port, to plain text or old TLS: nothing is read, though what it says is right', async t => {
    const from = '127.0.0.17';
    const before = await refusals('tls-failed');
    const accepted = await metric('canopy_authentications_total{via="mqtt",outcome="ok"}');
    const plain = new RawClient(tree.root.port, from);
    plain.send(connectPacket(asMe('plain')), publishPacket('canopy/db/cmd', 'stop', { qos: 1 }));
    await plain.ended(20_000);
    // Whatever it was told, if anything: a TLS alert, and no CONNACK.
    assert.deepEqual(plain.of(TYPE.connack), []);
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    assert.equal((await attempt(from, asMe('old'), old)).code, null);
    const request = `GET /api/v1/tree HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${tree.token}\r\n\r\n`;
    const answer = await rawHttp(`http://127.0.0.1:${tree.root.settings.rest_port}`, request);
    assert.doesNotMatch(answer, /^HTTP\/1\.1 2|rack1/);
    assert.ok((await metric('canopy_limit_crossings_total{limit="rest_handshake"}')) >= 1);
    const failed = (await refusals('tls-failed')) - before;
    assert.equal(failed, 2);
    assert.equal(await metric('canopy_authentications_total{via="mqtt",outcome="ok"}'), accepted);
    const told = noted(from);
    assert.deepEqual(told, ['mqtt client refused tls-failed', 'mqtt client refused tls-failed']);
    await unharmed(t, told);
  });

  it('a downgrade of a child: one that knows its parent by TLS says nothing to one that speaks plain', async t => {
    const first: number[] = [];
    const port = await impostor(t, 0, socket => {
      socket.once('data', chunk => {
        first.push(chunk[0] ?? -1);
        // What a plain broker would say to a CONNECT, right or wrong.
        socket.end(Buffer.from([0x20, 2, 0, 0]));
      });
    });
    const { cert, key } = await certificate('lured');
    const dataDir = box.path('data', 'lured');
    for (const [name, text] of Object.entries({ 'node.key': key, 'node.crt': cert, 'ca.crt': ca }))
      writePrivate(join(dataDir, 'uplink', name), text);
    const settings = { role: 'leaf', name: 'lured', data_dir: dataDir, target: TARGET, hb_interval: 0.3 };
    const lured = new NodeProcess(box, { ...settings, parent_url: `mqtt://localhost:${port}` });
    lured.launch();
    await until(() => first.length >= 2, 20_000, 'it has tried twice');
    // A TLS handshake record (RFC 8446, 5.1), and no CONNECT.
    assert.deepEqual(new Set(first), new Set([0x16]));
    const codes = [...new Set(lured.log.map(({ code }) => code).filter(code => code !== undefined))];
    assert.equal(lured.count(/uplink connected/), 0);
    await lured.stop();
    await unharmed(t, [`the child says ${codes.join()}`]);
  });
});
