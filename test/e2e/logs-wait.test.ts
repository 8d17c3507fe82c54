/** `canopy logs` of what is not there yet, and of the nodes themselves, with real nodes. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Command, canopy } from '../support/cli.js';
import { type NodeProcess, startLeaf, startRelay, startRoot } from '../support/nodes.js';
import { Sandbox } from '../support/sandbox.js';
import { until } from '../support/wait.js';

const says = (word: string): string => `sh -c 'echo ${word}; exec sleep 3600'`;

describe('logs of nodes', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  const box = new Sandbox({ after });
  let root: NodeProcess;
  const url = () => ({ CANOPY_URL: root.rest.url });
  const ask = (...words: string[]) => canopy(box, ['logs', ...words], url());
  const start = (...words: string[]) => new Command(box, ['logs', ...words], url());

  before(async () => {
    root = await startRoot(box);
    await startLeaf(box, root, { name: 'early', target: says('early') });
    await root.rest.expect('early', { status: 'up' });
  });

  it('are waited for where nobody knows of them yet: an app, a relay, a leaf', async () => {
    const rows: [words: string[], missing: string, first: RegExp][] = [
      [['-f', '--app', 'late'], 'there is no leaf of app "late" here', /^rack5\/late1 \| one$/m],
      [['-f', 'rack5'], 'there is no node "rack5" here', /^rack5\/late1 \| one$/m],
      [['-f', 'early', 'rack5'], 'there is no node "rack5" here', /^early +\| early$/m],
      [['-f', 'rack5/late1'], 'there is no node "rack5/late1" here', /^one$/m],
      [['rack5/late2', 'early'], 'there is no node "rack5/late2" here', /^rack5\/late2 \| two$/m],
    ];
    const commands = rows.map(([words]) => start(...words, '--wait'));
    for (const [at, [, missing]] of rows.entries())
      await until(() => commands[at]?.stderr === `canopy: waiting: ${missing}\n`, 10_000, missing);
    const rack5 = await startRelay(box, root, { name: 'rack5' });
    await startLeaf(box, rack5, { name: 'late1', app_name: 'late', target: says('one') });
    await Promise.all(rows.slice(0, 4).map(([, , first], at) => commands[at]?.said(first)));
    await startLeaf(box, rack5, { name: 'late2', app_name: 'late', target: says('two') });
    await Promise.all([0, 1, 2].map(at => commands[at]?.said(/^rack5\/late2 \| two$/m)));
    const { code, stdout } = await (commands[4] as Command).end();
    assert.deepEqual([code, stdout.split('\n').sort().join()], [0, ',early       | early,rack5/late2 | two']);
    assert.equal(commands[3]?.stdout, 'one\n');
  });

  it('say beside the lines who goes away and comes back', async () => {
    const leaf = await startLeaf(box, root, { name: 'goes', target: says('here') });
    const [one, more] = [start('-f', 'goes'), start('-f', 'goes', 'early')];
    await Promise.all([one.said(/^here$/m), more.said(/^goes +\| here$/m)]);
    await leaf.crash();
    const told = (words: string) =>
      until(() => [one, more].every(({ stderr }) => stderr.includes(words)), 15_000, words);
    await told('canopy: goes: cannot be reached now: its connection broke (will)\n');
    await leaf.up();
    await told('canopy: goes: is back\n');
    assert.equal(one.stdout, 'here\n');
  });

  it('say what root, relay and leaf themselves have logged, stored and as it comes', async () => {
    const relay = await startRelay(box, root, { name: 'rack6' });
    const leaf = await startLeaf(box, relay, { name: 'own', target: says('its target') });
    await root.rest.expect('rack6/own', { status: 'up' });
    const rows: [path: string, message: RegExp][] = [
      ['.', /"msg":"up"/],
      ['rack6', /uplink connected/],
      ['rack6/own', /"to":"running"/],
    ];
    for (const [path, message] of rows) {
      const { code, stdout, stderr } = await ask('--self', path);
      assert.deepEqual([code, stderr], [0, ''], path);
      const lines = stdout.trimEnd().split('\n');
      for (const line of lines) assert.equal(typeof JSON.parse(line).msg, 'string');
      assert.match(stdout, message);
      assert.doesNotMatch(stdout, /its target/);
    }
    const [one, both] = [start('-f', '--self', '.', '-n', '0'), start('-f', '--self', 'rack6', 'rack6/own')];
    await both.said(/^rack6\/own \| .*"to":"running"/m);
    await leaf.crash();
    await both.said(/^rack6 {5}\| .*own is lost/m);
    await leaf.up();
    await both.said(/^rack6\/own \| .*adopted from an earlier leaf/m);
    await relay.crash();
    await one.said(/^\{.*rack6 is lost/m);
    const { code, stderr } = await ask('--self', 'rack6');
    assert.deepEqual([code, /^canopy: node-unreachable: /.test(stderr)], [1, true], stderr);
  });
});
