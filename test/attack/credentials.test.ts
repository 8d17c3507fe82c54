/** Who has no credentials, wrong, expired, revoked, spent or somebody else's: over real sockets, with the real store. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { authenticating } from '../../src/compose/access.js';
import { systemClock } from '../../src/core/clock.js';
import { LocalAuthenticator } from '../../src/identity/authenticator.js';
import { identify } from '../../src/protocol/identity.js';
import { connectFrame, text } from '../conformance/bench.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { publishPacket, RawClient, TYPE } from '../support/raw-mqtt.js';
import { until } from '../support/wait.js';

const EVIL = '127.0.0.2';
const [USERNAME, PASSWORD, CLEAN, WILL] = [0x80, 0x40, 2, 4];

interface As {
  readonly id: string;
  readonly user?: string;
  readonly secret?: string;
  readonly will?: string;
  readonly from?: string;
}

describe('attacks on who one is', () => {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-attack-'));
  let started: TestBroker;
  let authenticator: LocalAuthenticator;
  let web: RawClient;
  let webSecret = '';
  let operator = '';
  let seen: RawClient;
  let beats = 0;
  let beating: NodeJS.Timeout;

  /** Connects; the code of the CONNACK, or -1 where the connection just ends. */
  async function connect({ id, user, secret, will, from = EVIL }: As): Promise<[RawClient, number]> {
    const client = new RawClient(started.port, from);
    const flags =
      CLEAN | (will ? WILL : 0) | (user === undefined ? 0 : USERNAME) | (secret === undefined ? 0 : PASSWORD);
    const fields = [id, ...(will ? [will, 'gone'] : []), user, secret].flatMap(it =>
      it === undefined ? [] : [text(it)],
    );
    client.send(connectFrame({ flags, fields }));
    await until(() => client.closed || client.of(TYPE.connack).length > 0, 20_000);
    return [client, client.of(TYPE.connack)[0]?.body[1] ?? -1];
  }

  const code = async (as: As): Promise<number> => (await connect(as))[1];

  before(async () => {
    authenticator = LocalAuthenticator.open({
      dataDir: dir,
      clock: systemClock,
      foreign: false,
      report: assert.fail,
    });
    started = await startBroker({ identify, authenticate: authenticating(authenticator) });
    authenticator.start();
    authenticator.onChange(() =>
      started.broker.closeWhere(who => authenticator.refusal(who as never) !== null),
    );
    const { access } = authenticator;
    webSecret = (await access.createNodeSecret({ name: 'web', is: 'leaf', expiresAt: null })).secret;
    operator = (await access.createToken({ name: 'op', role: 'operator', under: 'rack1', expiresAt: null }))
      .text;
    const viewer = await access.createToken({ name: 'looks', role: 'viewer', under: '', expiresAt: null });
    const honest = { id: 'canopy/web/0123456789abcdef', user: 'web', secret: webSecret, from: '127.0.0.1' };
    let answer: number;
    [web, answer] = await connect(honest);
    assert.equal(answer, 0);
    [seen, answer] = await connect({ id: 'looks', user: 'looks', secret: viewer.text, from: '127.0.0.1' });
    assert.equal(answer, 0);
    await seen.subscribe(['#']);
    await web.subscribe(['canopy/web/cmd'], 1);
    beating = setInterval(() => web.send(publishPacket('canopy/web/hb', `${++beats}`)), 50);
  });
  after(async () => {
    clearInterval(beating);
    for (const client of [web, seen]) client.destroy();
    authenticator.close();
    await started.broker.close();
    rmSync(dir, { recursive: true, force: true });
  });

  /** The honest node beats on, is heard, and has been told nothing. */
  async function unharmed(): Promise<void> {
    const from = beats;
    const heard = () =>
      seen.published.filter(({ topic }) => topic === 'canopy/web/hb').map(it => Number(it.payload));
    await until(() => heard().some(beat => beat > from), 10_000, 'another heartbeat');
    assert.deepEqual(
      heard(),
      [...heard()].sort((a, b) => a - b),
    );
    assert.equal(web.published.length, 0);
    assert.ok(!web.closed && !seen.closed);
    assert.ok(
      seen.published.every(({ topic }) => topic === 'canopy/web/hb'),
      'nothing else came through',
    );
  }

  it('no credentials: refused, and nothing of it is handled', async () => {
    const client = new RawClient(started.port, EVIL);
    client.send(
      connectFrame({ fields: [text('nobody')] }),
      publishPacket('canopy/web/cmd', 'stop', { qos: 1 }),
    );
    await client.ended(10_000);
    assert.deepEqual([client.of(TYPE.connack)[0]?.body[1], client.of(TYPE.puback).length], [4, 0]);
    assert.ok(started.codes().includes('bad-credentials'));
    await unharmed();
  });

  it('wrong ones: refused, again and again: told to slow down, and nobody else is', async () => {
    const wrong = `${operator.slice(0, -4)}AAAA`;
    const answers: number[] = [];
    while (!answers.includes(3) && answers.length < 60)
      answers.push(await code({ id: `g${answers.length}`, user: 'op', secret: wrong }));
    assert.deepEqual([...new Set(answers)], [4, 3], answers.join());
    assert.ok(started.codes().includes('slow-down'));
    await unharmed();
  });

  it('a token that has expired, and one that expires while it is used: out', async () => {
    const { access } = authenticator;
    const short = { role: 'operator', under: 'web', from: '127.0.0.3' } as const;
    const old = await access.createToken({ name: 'old', ...short, expiresAt: Date.now() - 1000 });
    assert.equal(await code({ id: 'old', user: 'x', secret: old.text, from: '127.0.0.3' }), 4);
    const soon = await access.createToken({ name: 'soon', ...short, expiresAt: Date.now() + 5000 });
    const [client, answer] = await connect({ id: 'soon', user: 'x', secret: soon.text, from: '127.0.0.3' });
    assert.equal(answer, 0);
    await client.ended(20_000);
    await unharmed();
  });

  it('one that is revoked while it is used: out, and its will is not published', async () => {
    const { access } = authenticator;
    const stolen = await access.createToken({ name: 'stolen', role: 'operator', under: '', expiresAt: null });
    const as = { id: 'thief', user: 'x', secret: stolen.text, will: 'canopy/web/cmd', from: '127.0.0.4' };
    const [thief, answer] = await connect(as);
    assert.equal(answer, 0);
    await access.revokeToken('stolen');
    await thief.ended(10_000);
    assert.equal(await code(as), 5);
    await unharmed();
  });

  it('a join token that is spent: refused', async () => {
    const { access } = authenticator;
    const { secret, record } = await access.createJoin({
      name: 'rack9',
      is: 'relay',
      expiresAt: Date.now() + 600_000,
    });
    const as = { id: 'joins', user: 'join', secret, from: '127.0.0.5' };
    assert.equal(await code(as), 0);
    assert.notEqual(await access.spendJoin(record.id), null);
    assert.notEqual(await code(as), 0);
    assert.equal(await access.spendJoin(record.id), null, 'nobody spends it twice');
    await unharmed();
  });

  it('a leaf with its own secret and its neighbour’s name', async () => {
    const { secret } = await authenticator.access.createNodeSecret({
      name: 'evil',
      is: 'leaf',
      expiresAt: null,
    });
    const own = { user: 'evil', secret, from: '127.0.0.6' };
    assert.equal(await code({ id: 'canopy/web/00000000deadbeef', ...own }), 2);
    assert.equal(await code({ id: 'canopy/evil/00000000deadbeef', ...own, will: 'canopy/web/state' }), 5);
    const [evil, answer] = await connect({ id: 'canopy/evil/00000000deadbeef', ...own });
    assert.equal(answer, 0);
    const lies = [
      'canopy/web/hb',
      'canopy/web/state',
      'canopy/web/cmd',
      'canopy/evil/below/hb',
      'canopy/evil/cmd',
    ];
    for (const topic of lies) evil.send(publishPacket(topic, 'stop', { qos: 1 }));
    await evil.expect(TYPE.puback, lies.length);
    assert.deepEqual(await evil.subscribe(['canopy/web/cmd', '#', 'canopy/evil/cmd'], 1), [128, 128, 1]);
    evil.destroy();
    await unharmed();
  });

  it('an operator outside his subtree, and a viewer who commands', async () => {
    const [op, answer] = await connect({ id: 'op', user: 'x', secret: operator, from: '127.0.0.7' });
    assert.equal(answer, 0);
    op.send(
      publishPacket('canopy/web/cmd', 'stop', { qos: 1 }),
      publishPacket('canopy/cmd', 'stop', { qos: 1, id: 2 }),
    );
    await op.expect(TYPE.puback, 2);
    assert.deepEqual(await op.subscribe(['canopy/web/hb'], 1), [128]);
    op.destroy();
    seen.send(publishPacket('canopy/web/cmd', 'stop', { qos: 1, id: 9 }));
    await seen.expect(TYPE.puback, 1);
    assert.ok(started.codes().includes('not-authorized'));
    await unharmed();
  });
});
