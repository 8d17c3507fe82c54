/** `canopy logs` of what is not there yet, and of the nodes themselves, with real nodes. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Command, canopy } from '../support/cli.js';
import { type NodeProcess, startLeaf, startRelay, startRoot } from '../support/nodes.js';
import { Sandbox } from '../support/sandbox.js';
import { until } from '../support/wait.js';

/** Numbered lines, a new one every 50 ms. */
const COUNTING = `sh -c 'i=0; while :; do i=$((i+1)); echo "number $i"; sleep 0.05; done'`;
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

  it('end where their node is forgotten while they are followed, unless they are to be waited for', async () => {
    const leaf = await startLeaf(box, root, { name: 'gone', target: COUNTING });
    const [one, more, waiting, self] = [
      start('-f', 'gone'),
      start('-f', 'gone', 'early'),
      start('-f', 'gone', '--wait'),
      start('-f', '--self', 'gone'),
    ];
    await Promise.all([one.said(/^number/m), waiting.said(/^number/m), self.said(/"to":"running"/)]);
    await more.said(/^gone +\| number/m);
    await leaf.crash();
    await root.rest.expect('gone', { link: 'lost' });
    assert.ok(one.isRunning && self.isRunning, 'they wait for it');
    assert.equal((await root.rest.ask('DELETE', '/api/v1/nodes/gone')).status, 204);
    const forgotten = 'forgotten: "gone" was forgotten here while its log was read\n';
    for (const each of [one, self]) {
      const { code, stderr } = await each.end();
      assert.deepEqual([code, stderr.endsWith(`canopy: ${forgotten}`)], [1, true], stderr);
    }
    for (const each of [more, waiting])
      await until(() => each.stderr.includes(forgotten), 10_000, `${each.stderr} says it`);
    const { length } = waiting.stdout;
    await leaf.up();
    await until(() => waiting.stdout.length > length + 100, 15_000, 'it goes on');
    const numbers = waiting.stdout
      .trimEnd()
      .split('\n')
      .map(line => Number(line.slice(7)));
    assert.deepEqual(
      numbers,
      numbers.map((_, at) => at + 1),
    );
    assert.ok(more.isRunning, 'the other one is still there');
  });

  it('say beside the lines that a target has ended or begun anew', async () => {
    await startLeaf(box, root, { name: 'ends', target: says('here') });
    const follower = start('-f', 'ends');
    await follower.said(/^here$/m);
    const { pid } = await root.rest.expect('ends', { status: 'up' });
    process.kill(pid as number, 'SIGKILL');
    const again = await root.rest.expect('ends', node => node.status === 'up' && node.pid !== pid);
    const told = (words: string) =>
      until(() => follower.stderr === words, 15_000, `${words}, so far ${follower.stderr}`);
    const anew = `canopy: ends: its target has ended and runs anew, pid ${again.pid}\n`;
    await told(anew);
    await root.rest.command('ends', 'stop');
    await told(`${anew}canopy: ends: its target was stopped\n`);
  });

  it('are lines for people on a terminal, those of nodes themselves', async () => {
    const onTerminal = (words: string) => {
      const script = `exec script -qec "'$0' '$1' logs ${words}" /dev/null`;
      return new Command(box, [], { ...url(), TERM: 'xterm' }, ['bash', '-c', script]).end();
    };
    const { stdout, code } = await onTerminal('--self .');
    assert.equal(code, 0, stdout);
    const up = /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z\] .*INFO.*: .*up.*\{.*"port":\d+/m;
    assert.match(stdout, up);
    assert.doesNotMatch(stdout, /^\{/m);
    const raw = (await onTerminal('--self . --json')).stdout.trim().split(/\r?\n/);
    for (const line of raw) assert.equal(typeof JSON.parse(JSON.parse(line).line).msg, 'string');
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
