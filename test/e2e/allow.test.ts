/** What the owner of a machine does not allow, nobody can do there: by MQTT, by REST, or by reading the log. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { publish, Tap } from '../support/mqtt-tools.js';
import { NodeProcess, startLeaf, startRoot } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import { Sandbox } from '../support/sandbox.js';
import { STEADY } from '../support/targets.js';

const skip = skipWithout('mosquitto_sub', 'mosquitto_pub') || (process.platform !== 'linux' && 'needs /proc');
const TALKING = `sh -c 'while :; do echo hello; sleep 0.1; done'`;

describe('CANOPY_ALLOW', { skip }, () => {
  const box = new Sandbox({ after });
  let root: NodeProcess;
  let tap: Tap;

  before(async () => {
    root = await startRoot(box);
    await startLeaf(box, root, { name: 'some', target: TALKING, allow: 'start, restart,logs' });
    await startLeaf(box, root, { name: 'none', target: TALKING, allow: 'none' });
    for (const name of ['some', 'none']) await root.rest.expect(name, { status: 'up' });
    tap = await Tap.open(box, root.port, 'canopy/+/res', 'canopy/some/log', 'canopy/none/log');
  });

  const outcome = async (path: string, text: string): Promise<[string, string | undefined]> => {
    const id = `${path}-${text}`;
    await publish(root.port, `canopy/${path}/cmd`, `${text} id=${id.replaceAll(' ', '-')}`);
    const { json } = await tap.first(({ json }) => json?.id === id.replaceAll(' ', '-') && json.done);
    return [json.status, json.error?.code];
  };

  it('takes what it names, and rejects the rest whoever sends it', async () => {
    assert.deepEqual(await outcome('some', 'restart'), ['succeeded', undefined]);
    assert.deepEqual(await outcome('some', 'logs tail=1'), ['succeeded', undefined]);
    for (const text of ['stop', 'signal HUP', 'ping', 'maintenance on', 'follow', 'unfollow'])
      assert.deepEqual(await outcome('some', text), ['rejected', 'not-allowed'], text);
    assert.deepEqual(await outcome('some', 'nonsense'), ['rejected', 'unknown-op']);
    for (const text of ['restart', 'logs'])
      assert.deepEqual(await outcome('none', text), ['rejected', 'not-allowed'], text);
    const { body } = await root.rest.command('none', 'stop');
    assert.deepEqual([body.status, body.error.code], ['rejected', 'not-allowed']);
    await publish(root.port, 'canopy/cmd', '{"op":"stop","id":"all","select":{"all":true}}');
    for (const name of ['some', 'none']) await root.rest.expect(name, { status: 'up' });
  });

  it('holds for logs that are read hop by hop', async () => {
    const logs = (path: string, query: string) => root.rest.get(`/api/v1/logs/${path}?${query}`);
    const { status, body } = await logs('some', 'tail=1');
    assert.deepEqual([status, JSON.stringify(body).includes('hello')], [200, true]);
    for (const self of ['', '&self=true']) {
      const refused = await logs('none', `tail=1${self}`);
      assert.ok(
        refused.status >= 400 || JSON.stringify(refused.body).includes('not-allowed'),
        JSON.stringify(refused.body),
      );
      assert.match(JSON.stringify(refused.body), /not-allowed/);
    }
    // A subscription to the topic itself asks for it all the while.
    assert.deepEqual(
      tap.messages.filter(({ topic }) => topic.endsWith('/log')),
      [],
    );
  });

  it('is a settings error where it names what does not exist', async () => {
    const bad = {
      role: 'leaf',
      name: 'bad',
      target: STEADY,
      data_dir: box.path('bad'),
      allow: 'start,shell',
    };
    const node = new NodeProcess(box, bad);
    node.launch();
    const { code } = await node.end();
    assert.notEqual(code, 0);
    assert.match(node.output, /CANOPY_ALLOW/);
    assert.match(node.output, /start, stop, restart, signal, maintenance, ping, logs, follow, unfollow/);
  });
});
