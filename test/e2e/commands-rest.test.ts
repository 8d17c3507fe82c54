/** Commands over REST: sent at once or waited for, asked about later, refused as problem+json. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type NodeProcess, startLeaf, startRelay, startRoot } from '../support/nodes.js';
import { Sandbox } from '../support/sandbox.js';
import { STEADY } from '../support/targets.js';
import { until } from '../support/wait.js';

const WEB = 'rack1/web';

describe('commands over REST', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  const box = new Sandbox({ after });
  let root: NodeProcess;
  let rack1: NodeProcess;
  before(async () => {
    root = await startRoot(box);
    rack1 = await startRelay(box, root, { name: 'rack1' });
    await startLeaf(box, rack1, { name: 'web', target: STEADY });
    await root.rest.expect(WEB, { status: 'up' });
  });

  it('waits for the final result where asked to', async () => {
    const { pid } = await root.rest.expect(WEB, { status: 'up' });
    const { status, body } = await root.rest.command(WEB, 'restart', { id: 'rest-waits' });
    assert.deepEqual(
      [status, body.path, body.id, body.status, body.done],
      [200, WEB, 'rest-waits', 'succeeded', true],
    );
    assert.equal(body.data.previousPid, pid);
    assert.equal((await root.rest.get('/api/v1/commands/rest-waits')).body.status, 'succeeded');
  });

  it('else answers 202 and where to ask', async () => {
    const { status, headers, body } = await root.rest.ask('POST', '/api/v1/commands', {
      path: WEB,
      op: 'stop',
    });
    assert.deepEqual([status, body.status, body.done, body.path], [202, 'accepted', false, WEB]);
    const where = headers.get('location') as string;
    assert.equal(where, `/api/v1/commands/${body.id}`);
    await root.rest.expect(WEB, { status: 'stopped' });
    const later = await until(async () => {
      const answer = await root.rest.get(where);
      return answer.body.done && answer;
    });
    assert.deepEqual([later.status, later.body.status, later.body.path], [200, 'succeeded', WEB]);
    assert.equal((await root.rest.command(WEB, 'start')).body.status, 'succeeded');
  });

  it('a second POST of one id is not carried out', async () => {
    const first = await root.rest.command(WEB, 'restart', { id: 'rest-twice' });
    const second = await root.rest.command(WEB, 'restart', { id: 'rest-twice' });
    assert.deepEqual(second.body.data, first.body.data);
    assert.equal((await root.rest.command(WEB, 'ping')).body.data.pid, first.body.data.pid);
  });

  it('what a node rejects is told in the result', async () => {
    const { status, body } = await root.rest.command(WEB, 'explode');
    assert.deepEqual([status, body.status, body.error.code], [200, 'rejected', 'unknown-op']);
  });

  it('says what is wrong as problem+json', async () => {
    const lost = await startLeaf(box, rack1, { name: 'lost', target: STEADY });
    await root.rest.expect('rack1/lost', { status: 'up' });
    await lost.crash();
    await root.rest.expect('rack1/lost', { status: 'down' });
    const rows: [body: unknown, status: number, code: string][] = [
      [{ path: 'rack1/nobody', op: 'restart' }, 404, 'not-found'],
      [{ path: 'rack1/lost', op: 'restart' }, 503, 'node-unreachable'],
      [{ path: '../etc', op: 'restart' }, 400, 'bad-path'],
      [{ op: 'restart' }, 400, 'bad-request'],
      [{ path: WEB }, 400, 'bad-request'],
      [{ path: WEB, op: 'restart', nonsense: 1 }, 400, 'bad-request'],
      [{ path: WEB, op: 'restart', id: 'x'.repeat(129) }, 400, 'bad-request'],
      ['restart', 400, 'bad-request'],
    ];
    for (const [body, status, code] of rows) {
      const answer = await root.rest.ask('POST', '/api/v1/commands', body);
      const found = [answer.status, answer.body.code, answer.body.status];
      assert.deepEqual(found, [status, code, status], JSON.stringify(body));
      assert.match(answer.type, /^application\/problem\+json/);
      assert.ok(answer.body.detail.length > 5 && answer.body.title);
    }
    const unknown = await root.rest.get('/api/v1/commands/nobody-knows');
    assert.deepEqual([unknown.status, unknown.body.code], [404, 'not-found']);
  });
});
