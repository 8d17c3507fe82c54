/** REST of a node that asks who one is, over HTTP: tokens given out and taken back, what is written down, and no secret anywhere. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { AuditEntry } from '../../src/core/audit-entry.js';
import { systemClock } from '../../src/core/clock.js';
import { AccessStore } from '../../src/identity/access-store.js';
import { canopy } from '../support/cli.js';
import { type NodeProcess, startRoot } from '../support/nodes.js';
import type { Answer, Rest } from '../support/rest.js';
import { Sandbox } from '../support/sandbox.js';
import { SseClient } from '../support/sse.js';
import { until } from '../support/wait.js';

const PLANTED = 'planted-hunter2';

describe('REST with tokens', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  const box = new Sandbox({ after });
  const texts: string[] = [];
  const said: string[] = [];
  let root: NodeProcess;
  let rest: Rest;
  let admin: string;

  const as = async (token: string | null, method: string, path: string, body?: object): Promise<Answer> => {
    const answer = await rest.raw(path, {
      method,
      headers: {
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    // The one answer that a secret may stand in.
    if (answer.status !== 201) said.push(JSON.stringify(answer.body));
    return answer;
  };
  const create = async (name: string, role: string, under = '', more = {}, by = admin) => {
    const answer = await as(by, 'POST', '/api/v1/tokens', { name, role, under, ...more });
    if (answer.status === 201) texts.push(answer.body.token);
    return answer;
  };
  const audited = async (query = ''): Promise<AuditEntry[]> =>
    (await as(admin, 'GET', `/api/v1/audit?limit=1000${query}`)).body.entries;

  before(async () => {
    const store = new AccessStore(box.path('root'), systemClock);
    const { text } = await store.createToken({ name: 'boss', role: 'admin', under: '', expiresAt: null });
    admin = text;
    texts.push(text);
    root = await startRoot(box, { auth: 'required' });
    rest = root.rest;
  });

  it('nobody is let in without one, and the first admin gives out others, each shown once', async () => {
    assert.equal((await as(null, 'GET', '/api/v1/tree')).status, 401);
    const { status, body } = await create('dash', 'viewer', 'rack1', { expiresIn: 3600 });
    assert.equal(status, 201);
    assert.match(body.token, /^cnpy_[0-9a-f]{12}_[\w-]{43}$/);
    assert.ok(Math.abs(body.expiresAt - Date.now() - 3_600_000) < 60_000);
    const listed = (await as(admin, 'GET', '/api/v1/tokens')).body.tokens;
    assert.deepEqual(
      listed.map(({ name, role, under }: Record<string, string>) => [name, role, under]),
      [
        ['boss', 'admin', ''],
        ['dash', 'viewer', 'rack1'],
      ],
    );
    assert.doesNotMatch(JSON.stringify(listed), /hash|scrypt|token/);
    assert.equal((await as(body.token, 'GET', '/api/v1/nodes')).status, 200);
    assert.equal((await as(body.token, 'GET', '/api/v1/tokens')).status, 403);
    assert.deepEqual((await create('dash', 'viewer')).body.code, 'name-in-use');
  });

  it('an admin of a subtree gives out no more than that, and sees no other', async () => {
    const chief = (await create('chief', 'admin', 'rack1')).body.token;
    assert.equal((await create('sub', 'operator', 'rack1/web', {}, chief)).status, 201);
    assert.equal((await create('up', 'viewer', '', {}, chief)).status, 403);
    assert.equal((await create('beside', 'viewer', 'rack2', {}, chief)).status, 404);
    const { tokens } = (await as(chief, 'GET', '/api/v1/tokens')).body;
    assert.deepEqual(
      tokens.map(({ name }: { name: string }) => name),
      ['dash', 'chief', 'sub'],
    );
    const { id } = (await as(admin, 'GET', '/api/v1/tokens')).body.tokens[0];
    assert.equal((await as(chief, 'DELETE', `/api/v1/tokens/${id}`)).status, 404);
    assert.equal((await as(chief, 'POST', '/api/v1/enrolments', { name: 'rack2' })).status, 404);
    // The listeners' certificate, which all go by, is not his to change.
    const own = { name: 'rack1', url: 'mqtts://evil.example:8883' };
    assert.equal((await as(chief, 'POST', '/api/v1/enrolments', own)).status, 403);
  });

  it('one that is taken back is good for nothing from then on, and ends what is read with it', async () => {
    const { token, id } = (await create('gone', 'viewer')).body;
    const headers = { authorization: `Bearer ${token}` };
    const client = await SseClient.open(`${rest.url}/api/v1/logs/?self=true&follow=true`, headers);
    assert.equal((await as(admin, 'DELETE', `/api/v1/tokens/${id}`)).status, 204);
    const refused = await as(token, 'GET', '/api/v1/tree');
    assert.deepEqual([refused.status, refused.body.code], [401, 'revoked']);
    await until(() => client.ended, 10_000, 'the follower is ended');
    assert.equal((await as(admin, 'DELETE', `/api/v1/tokens/${id}`)).status, 404);
  });

  it('a command is written down with whose it was, and how it ended', async () => {
    const { token } = (await create('op', 'operator')).body;
    const command = { path: '', op: 'ping', id: 'audited', by: 'boss' };
    assert.equal((await as(token, 'POST', '/api/v1/commands?wait=10', command)).body.status, 'succeeded');
    const noted = (await audited('&by=op')).filter(({ id }) => id === 'audited');
    assert.deepEqual(
      noted.map(({ by, address, via, path, op, outcome }) => [by, address, via, path, op, outcome]),
      [
        ['op', '127.0.0.1', 'rest', '', 'ping', 'succeeded'],
        ['op', '127.0.0.1', 'rest', '', 'ping', 'accepted'],
      ],
    );
    const made = await audited('&op=token%20create');
    assert.deepEqual(
      made.map(({ by, about }) => `${by} ${about?.split(' ')[1]}`),
      ['boss op', 'boss gone', 'chief sub', 'boss chief', 'boss dash'],
    );
    assert.equal(statSync(join(root.dataDir, 'audit.jsonl')).mode & 0o777, 0o600);
  });

  it('an admin of a subtree reads what is about it, a viewer nothing', async () => {
    const [chief, dash] = ['chief2', 'dash2'].map((name, at) =>
      create(name, at ? 'viewer' : 'admin', 'rack1'),
    );
    const { entries } = (await as((await chief)?.body.token, 'GET', '/api/v1/audit')).body;
    assert.ok(entries.length > 0 && entries.every(({ path }: AuditEntry) => path?.startsWith('rack1')));
    assert.equal((await as((await dash)?.body.token, 'GET', '/api/v1/audit')).status, 403);
  });

  it('the command line shows the token of its environment, and prints what was written down', async () => {
    const variables = { CANOPY_URL: rest.url, CANOPY_TOKEN: admin };
    const { stdout, code } = await canopy(box, ['audit', '--op', 'ping', '--json'], variables);
    assert.deepEqual([code, JSON.parse(stdout).entries.length], [0, 2]);
    const shown = await canopy(box, ['audit', '--by', 'op'], variables);
    assert.match(shown.stdout, /op +127\.0\.0\.1 +rest +\. +ping +succeeded/);
    const nobody = await canopy(box, ['tree'], { CANOPY_URL: rest.url });
    assert.deepEqual([nobody.code, /unauthenticated.*CANOPY_TOKEN/.test(nobody.stderr)], [1, true]);
    said.push(stdout, shown.stdout, nobody.stderr);
  });

  it('metrics count it', async () => {
    await as('cnpy_0123456789ab_wrong', 'GET', '/api/v1/tree');
    const { body, type } = await as(admin, 'GET', '/metrics');
    assert.match(type, /^text\/plain/);
    for (const line of [
      /^canopy_nodes\{status="up"\} 1$/m,
      /^canopy_mqtt_clients 0$/m,
      /^canopy_authentications_total\{via="rest",outcome="ok"\} \d+$/m,
      /^canopy_authentications_total\{via="rest",outcome="bad-credentials"\} 1$/m,
      /^canopy_authentications_total\{via="rest",outcome="revoked"\} [1-9]\d*$/m,
      /^canopy_audit_entries_total\{outcome="written"\} [1-9]\d*$/m,
      /^canopy_heartbeats_total [1-9]\d*$/m,
      /^process_resident_memory_bytes [1-9]\d+$/m,
    ])
      assert.match(body, line);
  });

  it('no secret stands in any answer, log, file but its own, or list of processes', async () => {
    const variables = { CANOPY_URL: rest.url, CANOPY_TOKEN: admin };
    const bad = `CANOPY_ROLE=leaf\nCANOPY_NAME=x\nCANOPY_TARGET=env DB_PASSWORD=${PLANTED} node "unclosed\nCANOPY_SECRET ${PLANTED}\n`;
    writeFileSync(box.path('bad.env'), bad);
    const failed = await canopy(box, ['run', 'bad.env']);
    assert.equal(failed.code, 2);
    const tree = await canopy(box, ['tree', '--json'], variables);
    assert.equal(tree.code, 0);
    await as(admin, 'GET', `/api/v1/nope?access_token=${admin}`);
    const files = (readdirSync(root.dataDir, { recursive: true }) as string[])
      .map(name => join(root.dataDir, name))
      .filter(name => statSync(name).isFile())
      .map(name => readFileSync(name, 'latin1'));
    const processes = box.processes().map(({ command }) => command);
    const all = [...said, root.output, failed.stdout, failed.stderr, tree.stdout, ...files, ...processes];
    const secrets = [...texts, ...texts.map(text => text.slice('cnpy_0123456789ab_'.length)), PLANTED];
    assert.ok(texts.length >= 8 && files.length >= 3);
    for (const secret of secrets)
      assert.equal(
        all.findIndex(text => text.includes(secret)),
        -1,
        'a secret was told',
      );
    await until(() => root.isRunning, 1000, 'it still runs');
  });
});
