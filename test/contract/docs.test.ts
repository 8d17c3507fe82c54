/** What the pages show can be done as shown: links, topics, commands, and the bridge of a plain mosquitto. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { filterProblem } from '../../broker/topics.js';
import { program } from '../../src/cli/program.js';
import { pathProblem } from '../../src/core/names.js';
import { decodeCommand, LEAF_OPS, NODE_OPS } from '../../src/protocol/commands.js';
import { HOP_TOPICS } from '../../src/protocol/flows.js';
import { splitTopic, TOPICS } from '../../src/protocol/topics.js';

const top = fileURLToPath(new URL('../../../', import.meta.url));
const PAGES = ['.', 'config'].flatMap(folder =>
  readdirSync(join(top, folder))
    .filter(name => name.endsWith('.md'))
    .map(name => ({ name: join(folder, name), text: readFileSync(join(top, folder, name), 'utf8') })),
);
/** What stands in code, whole lines of it, without what is said beside it. */
const lines = PAGES.flatMap(({ text }) => text.split('\n')).map(line => line.replace(/\s+# .*$/, ''));

test('every link to a file of ours leads to one', () => {
  const broken = PAGES.flatMap(({ name, text }) =>
    Array.from(text.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g), match => match[1] as string)
      .filter(link => !existsSync(join(top, dirname(name), link)))
      .map(link => `${name}: ${link}`),
  );
  assert.deepEqual(broken, []);
});

/** The arguments of a shell line; quotes taken off. */
const words = (line: string): string[] =>
  Array.from(line.matchAll(/'([^']*)'|(\S+)/g), ([, quoted, bare]) => quoted ?? bare ?? '');
/** Lines that call a program, from its name on. */
const calls = (name: string): string[][] =>
  lines.filter(line => line.includes(`${name} `)).map(line => words(line.slice(line.indexOf(`${name} `))));
const optionsOf = (call: string[], flag: string): string[] =>
  call.flatMap((word, at) => (word === flag ? [call[at + 1] ?? ''] : []));

test('every mosquitto_sub subscribes to something of ours', () => {
  const filters = calls('mosquitto_sub').flatMap(call => optionsOf(call, '-t'));
  assert.ok(filters.length >= 3);
  for (const filter of filters) {
    assert.equal(filterProblem(filter, { maxTopicBytes: 1024, maxTopicLevels: 32 }), null, filter);
    const channel = filter.split('/').at(-1) ?? '';
    assert.ok(filter.startsWith('canopy/') && (channel === '#' || Object.hasOwn(TOPICS, channel)), filter);
  }
});

test('every mosquitto_pub is a command that some node takes, or forgets a node', () => {
  const published = calls('mosquitto_pub').filter(call => call.includes('-t'));
  assert.ok(published.length >= 4);
  for (const call of published) {
    const place = splitTopic(optionsOf(call, '-t')[0] ?? '');
    assert.equal(pathProblem(place?.path ?? '?'), null, call.join(' '));
    if (place?.channel === 'state') assert.ok(call.includes('-r') && call.includes('-n'));
    else {
      const { op } = decodeCommand(Buffer.from(optionsOf(call, '-m')[0] ?? ''));
      const known: readonly string[] = place?.path === '' ? NODE_OPS : LEAF_OPS;
      assert.ok(place?.channel === 'cmd' && known.includes(op), call.join(' '));
    }
  }
});

test('the bridge of a plain mosquitto carries each channel the way it flows, with its QoS', () => {
  const carried = lines
    .filter(line => line.startsWith('topic +/'))
    .map(line => line.split(/\s+/).slice(1))
    .map(([pattern = '', flow, qos, local, remote]) => [pattern.slice(2), flow, qos, local, remote]);
  const wanted = Object.entries({ ...TOPICS, ...HOP_TOPICS }).map(([channel, { flow, qos }]) => [
    channel,
    flow === 'up' ? 'out' : 'in',
    String(qos),
    'canopy/',
    'canopy/rack9/',
  ]);
  assert.deepEqual(carried.sort(), wanted.sort());
});

test('every canopy command on the pages exists', () => {
  const known = program(() => {}).commands.map(command => command.name());
  const shown = calls('npx canopy')
    .map(call => call[2] ?? '')
    .flatMap(verb => verb.split('|'));
  assert.ok(shown.length >= 8);
  assert.deepEqual(
    shown.filter(verb => !known.includes(verb)),
    [],
  );
});
