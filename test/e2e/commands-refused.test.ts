/** Commands that can't be carried out: rejected, with a code and a message that helps, and kept nowhere. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { publish, type Received, Tap } from '../support/mqtt-tools.js';
import { type NodeProcess, startLeaf, startRelay, startRoot } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import { Sandbox } from '../support/sandbox.js';
import { STEADY } from '../support/targets.js';

const skip = skipWithout('mosquitto_sub', 'mosquitto_pub') || (process.platform !== 'linux' && 'needs /proc');
const WEB = 'rack1/web';

describe('what is wrong with a command', { skip }, () => {
  const box = new Sandbox({ after });
  let root: NodeProcess;
  let rack1: NodeProcess;
  let tap: Tap;
  let ids = 0;
  before(async () => {
    root = await startRoot(box);
    rack1 = await startRelay(box, root, { name: 'rack1' });
    await startLeaf(box, rack1, { name: 'web', target: STEADY });
    await root.rest.expect(WEB, { status: 'up' });
    tap = await Tap.open(box, root.port, 'canopy/+/res', 'canopy/+/+/res', 'canopy/+/+/+/res');
  });

  /** Publishes a command as JSON with an id of its own, and gives what came on `res`, final result last. */
  async function answered(command: object, to = WEB): Promise<Received['json'][]> {
    ids += 1;
    const id = `id-${ids}`;
    await publish(root.port, `canopy/${to}/cmd`, JSON.stringify({ v: 1, id, ...command }));
    await tap.first(({ topic, json }) => topic === `canopy/${to}/res` && json.id === id && json.done);
    return tap.on(`canopy/${to}/res`).flatMap(({ json }) => (json.id === id ? [json] : []));
  }
  /** The final result of words that were published since `from`. */
  const finalAfter = (from: number) =>
    tap.first(({ topic, json }, at) => at >= from && topic === `canopy/${WEB}/res` && json.done);

  const rows: [what: string, command: object, to: string, code: string, says: RegExp][] = [
    [
      'an unknown op',
      { op: 'explode' },
      WEB,
      'unknown-op',
      /"explode".*start, stop, restart, signal, maintenance, ping/,
    ],
    [
      'a filtered follow',
      { op: 'follow', args: { grep: 'x' } },
      WEB,
      'bad-argument',
      /takes tail, after, since/,
    ],
    ['a negative tail', { op: 'logs', args: { tail: -1 } }, WEB, 'bad-argument', /tail.*from 0.*found -1/],
    ['a malformed time', { op: 'logs', args: { since: 'noon' } }, WEB, 'bad-argument', /since.*ISO 8601/],
    ['the log of a relay', { op: 'logs' }, 'rack1', 'unsupported-op', /is for leaves/],
    ['logs of many', { op: 'logs', select: { all: true } }, 'rack1', 'unsupported-op', /takes no select/],
    ['the log of nobody', { op: 'logs' }, 'rack1/nobody', 'not-found', /no node "nobody"/],
    ['a wrong signal', { op: 'signal', args: { signal: 'NOPE' } }, WEB, 'bad-argument', /HUP.*"NOPE"/],
    ['no signal', { op: 'signal' }, WEB, 'bad-argument', /signal.*none/],
    ['an unknown argument', { op: 'restart', args: { now: 1 } }, WEB, 'bad-argument', /"now"/],
    ['a select on a leaf', { op: 'restart', select: { all: true } }, WEB, 'bad-argument', /leaf/],
    ['a wrong type', { op: 'restart', expiresAt: 'soon' }, WEB, 'bad-payload', /expiresAt/],
    ['a wrong version', { v: 2, op: 'restart' }, WEB, 'bad-payload', /\/v/],
    ["a leaf's op on a relay", { op: 'restart' }, 'rack1', 'unsupported-op', /is for leaves/],
    ['no such node at the root', { op: 'restart' }, 'rack7', 'not-found', /no node "rack7" here/],
    ['nor anything below one', { op: 'restart' }, 'rack7/web', 'not-found', /no node "rack7" here/],
    ['no such node below a relay', { op: 'restart' }, 'rack1/nope', 'not-found', /no node "nope" here/],
    ['nor below that', { op: 'restart' }, 'rack1/nope/web', 'not-found', /no node "nope" here/],
    ['something below a leaf', { op: 'restart' }, 'rack1/web/deep', 'not-found', /"web" is a leaf/],
    ['an unknown op on a relay', { op: 'explode' }, 'rack1', 'unknown-op', /ping, forget/],
  ];
  for (const [what, command, to, code, says] of rows) {
    it(what, async () => {
      const [only, ...more] = await answered(command, to);
      assert.deepEqual([only.status, only.error.code, more], ['rejected', code, []]);
      assert.match(only.error.message, says);
    });
  }

  const texts: [what: string, payload: string, code: string, says: RegExp][] = [
    ['words that are none', 'REBOOT!!', 'bad-payload', /plain words.*REBOOT!!/],
    ['an unknown word', 'explode', 'unknown-op', /"explode"/],
    ['a wrong signal in words', 'signal NOPE', 'bad-argument', /"NOPE"/],
    ['broken JSON', '{"v":1,"op":"restart"', 'bad-payload', /JSON/],
    ['nothing at all', ' ', 'bad-payload', /plain words/],
  ];
  for (const [what, payload, code, says] of texts) {
    it(what, async () => {
      const from = tap.messages.length;
      await publish(root.port, `canopy/${WEB}/cmd`, payload);
      const { json } = await finalAfter(from);
      assert.deepEqual([json.status, json.error.code], ['rejected', code]);
      assert.match(json.error.message, says);
    });
  }

  it('a retained command, which stays nowhere', async () => {
    const { pid } = await root.rest.expect(WEB, { status: 'up' });
    for (const [port, to] of [
      [root.port, WEB],
      [rack1.port, 'web'],
    ] as const) {
      const from = tap.messages.length;
      await publish(port, `canopy/${to}/cmd`, 'restart', '-r');
      const { json } = await finalAfter(from);
      assert.deepEqual([json.op, json.status, json.error.code], ['restart', 'rejected', 'retained-command']);
      assert.match(json.error.message, /mosquitto_pub without -r/);
      const late = await Tap.open(box, port, 'canopy/#');
      await late.first(({ topic }) => topic.endsWith('/hb'));
      assert.deepEqual(
        late.messages.filter(({ topic, retain }) => retain && !topic.endsWith('/state')),
        [],
      );
    }
    assert.equal((await answered({ op: 'ping' })).at(-1).data.pid, pid, 'nothing was restarted');
  });
});
