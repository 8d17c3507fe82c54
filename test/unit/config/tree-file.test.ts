import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { loadTree } from '../../../src/config/tree-file.js';
import { dirWith, linesOf } from './support.js';

const TREE = `defaults: { hb_interval: 1, timeout: 4, restart: never }
name: top
rest_port: 8004
children:
  - name: 007
    target: run \${WORD}
  - name: rack1
    host: rack1.example
    port: 1884
    hb_interval: 2
    children:
      - app_name: web
        target: run web
        restart: always
      - name: rack2
        port: 1885
        children:
          - { name: web, target: run web, data_dir: /var/web }
`;

const treeOf = (t: TestContext, text: string, options: { node?: string; env?: NodeJS.ProcessEnv } = {}) =>
  loadTree({ file: 't.yaml', cwd: dirWith(t, { 't.yaml': text }), ...options });

test('a tree: roles, parents, defaults, and directories of their own', t => {
  const cwd = dirWith(t, { 't.yaml': TREE });
  const { nodes, warnings } = loadTree({ file: 't.yaml', cwd, env: { WORD: 'x' } });
  assert.deepEqual(warnings, []);
  assert.deepEqual(
    nodes.map(({ path, parentPath, hosted, settings: { role, parentUrl, dataDir, hbInterval, restart } }) => [
      path,
      parentPath,
      hosted,
      role,
      parentUrl,
      dataDir.replace(cwd, '.'),
      hbInterval,
      restart,
    ]),
    [
      ['', null, true, 'root', null, './data/top', 1, 'always'],
      ['007', '', true, 'leaf', 'mqtt://127.0.0.1:1883', './data/top/007', 1, 'never'],
      ['rack1', '', true, 'relay', 'mqtt://127.0.0.1:1883', './data/top/rack1', 2, 'always'],
      ['rack1/web', 'rack1', true, 'leaf', 'mqtt://rack1.example:1884', './data/top/rack1/web', 1, 'always'],
      [
        'rack1/rack2',
        'rack1',
        true,
        'relay',
        'mqtt://rack1.example:1884',
        './data/top/rack1/rack2',
        1,
        'always',
      ],
      ['rack1/rack2/web', 'rack1/rack2', true, 'leaf', 'mqtt://127.0.0.1:1885', '/var/web', 1, 'never'],
    ],
  );
  assert.deepEqual(nodes[0]?.settings.rest, { host: '127.0.0.1', port: 8004 });
  assert.deepEqual(nodes[1]?.settings.target?.words, ['run', 'x']);
});

test('one node of the tree with the leaves right below it', t => {
  const hosted = (node: string): string[] =>
    treeOf(t, TREE, { node })
      .nodes.filter(it => it.hosted)
      .map(({ path }) => path);
  assert.deepEqual(hosted(''), ['', '007']);
  assert.deepEqual(hosted('rack1'), ['rack1', 'rack1/web']);
  assert.deepEqual(hosted('rack1/rack2'), ['rack1/rack2', 'rack1/rack2/web']);
  assert.deepEqual(
    linesOf(() => treeOf(t, TREE, { node: 'rack2' })),
    ['--node: expected one of "", "rack1", "rack1/rack2", found "rack2"'],
  );
  assert.deepEqual(
    linesOf(() => treeOf(t, TREE, { node: 'rack1/web' })),
    ['--node: expected its parent "rack1", which hosts it, found the leaf "rack1/web"'],
  );
});

const leaf = 'target: x';
const nested = (depth: number): string =>
  depth === 0 ? `{ name: n, ${leaf} }` : `{ name: n, host: h${depth}, children: [${nested(depth - 1)}] }`;

test('every problem names its place', t => {
  const cases: [string, string[]][] = [
    [
      `children:\n  - name: rack1\n    port: 1\n    children:\n      - name: web\n        ${leaf}\n        hb_intervall: 3\n`,
      ['t.yaml:7:9 children[0].children[0] (rack1/web) hb_intervall: unknown key, did you mean hb_interval?'],
    ],
    [
      `hb_intervall: 1\ndefaults: { timout: 3, name: x, target: y, port: 1.5 }\nchildren: []\n`,
      [
        't.yaml:2:13 defaults.timout: unknown key, did you mean timeout?',
        't.yaml:2:24 defaults.name: expected it on the node itself, found it among the defaults',
        't.yaml:2:33 defaults.target: expected it on the node itself, found it among the defaults',
        't.yaml:1:1 hb_intervall: unknown key, did you mean hb_interval?',
        't.yaml:2:44 defaults.port: expected a port from 0 to 65535, 0 for any free one, found "1.5"',
      ],
    ],
    [
      'defaults: { port: 1.5, stop_signal: NONE }\nchildren: []\n',
      [
        't.yaml:1:13 defaults.port: expected a port from 0 to 65535, 0 for any free one, found "1.5"',
        't.yaml:1:24 defaults.stop_signal: expected the name of a signal, such as TERM or SIGHUP, found "NONE"',
      ],
    ],
    [
      `children:\n  - { name: a, children: [] }\n  - { name: b, host: localhost, port: 8004, children: [] }\n`,
      [
        't.yaml:2:5 children[0] (a) port: expected an address of its own, found 127.0.0.1:1883, where the top node listens',
        't.yaml:3:33 children[1] (b) port: expected an address of its own, found localhost:8004, where the top node listens',
      ],
    ],
    [
      `children:\n  - { name: a, ${leaf} }\n  - { app_name: a, ${leaf} }\n`,
      [
        't.yaml:3:5 children[1] (a) name: expected a name of its own below the top node, found "a" as at t.yaml:2:5 children[0] (a)',
      ],
    ],
    [
      `children:\n  - { name: a, port: 1, ${leaf}, children: [] }\n  - { name: b }\n`,
      [
        't.yaml:2:5 children[0] (a): expected children or a target, a leaf has no children, found both',
        't.yaml:3:5 children[1] (b): expected children (a relay) or a target (a leaf), found neither',
      ],
    ],
    [
      `timeout: 5\nchildren:\n  - { name: a, ${leaf}, hb_interval: 5 }\n`,
      [
        't.yaml:3:27 children[0] (a) hb_interval: expected less than the timeout of the top node (5 s), better half of it, found 5 s',
      ],
    ],
    [
      `children:\n  - { name: a, ${leaf}, parent_port: 5 }\n`,
      [
        't.yaml:2:27 children[0] (a) parent_port: expected none: the parent is the node that this one is under, found "5"',
      ],
    ],
    [
      `port: 0\nchildren:\n  - { name: a, port: 1, children: [] }\n  - { name: b, ${leaf} }\n`,
      ['t.yaml:1:1 port: expected a port that a can find, found any free one (0)'],
    ],
    [
      `children:\n  - { name: a, ${leaf}, data_dir: d }\n  - { name: b, ${leaf}, data_dir: d }\n`,
      [
        't.yaml:2:27 children[0] (a) data_dir: expected a directory of its own, found that of b',
        't.yaml:3:27 children[1] (b) data_dir: expected a directory of its own, found that of a',
      ],
    ],
    [
      `role: leaf\nchildren:\n  - { name: [a], ${leaf} }\n  - text\n  - { name: hb, ${leaf} }\n`,
      [
        't.yaml:3:7 children[0] (?) name: expected a single value, found a list or a map',
        't.yaml:4:5 children[1]: expected the settings of a node, found something else',
        't.yaml:1:1 role: expected what fits a root, found "leaf"',
        't.yaml:3:5 children[0] (?) name: expected a name: a letter or digit, then up to 62 of A-Z a-z 0-9 _ -, and none of the channel names hb state evt cmd res log, found none',
        't.yaml:5:7 children[2] (hb) name: expected a letter or digit, then up to 62 of A-Z a-z 0-9 _ -, and none of the channel names hb state evt cmd res log, found "hb"',
      ],
    ],
    [
      'name: a\nname: b\nchildren: []\n',
      ['t.yaml:2:1: expected valid YAML, found the key name twice in one map'],
    ],
    ['', ['t.yaml: expected the settings of the top node, found nothing']],
    ['- a\n', ['t.yaml: expected the settings of the top node, found something else']],
    ['children: 5\n', ['t.yaml:1:1 children: expected a list of nodes, found something else']],
    [
      'defaults: 5\nchildren: []\n',
      ['t.yaml:1:11: expected defaults: settings and values, found something else'],
    ],
  ];
  for (const [text, lines] of cases)
    assert.deepEqual(
      linesOf(() => treeOf(t, text)),
      lines,
      text,
    );
  assert.match(
    linesOf(() => treeOf(t, 'a: [1\nb: 2\n'))[0] ?? '',
    /^t\.yaml:2:1: expected valid YAML, found /,
  );
});

test('a few lines of aliases are not taken for millions of nodes', t => {
  const level = (n: number) =>
    `c${n}: &c${n} { name: n${n}, children: [${Array(12).fill(n === 0 ? '{name: x, target: y}' : `*c${n - 1}`)}] }`;
  const text = `${[0, 1, 2, 3, 4, 5].map(level).join('\n')}\nname: top\nchildren: [*c5]\n`;
  assert.throws(() => treeOf(t, text), /expected at most 50000 nodes in one file, found more/);
});

test('a path has at most 8 names', t => {
  assert.equal(treeOf(t, nested(8)).nodes.length, 9);
  assert.match(
    linesOf(() => treeOf(t, nested(9))).join('\n'),
    /^t\.yaml:1:\d+ children\[0\].* \(n(\/n){7}\) children: expected a path of at most 8 names, found one more$/,
  );
});

test('a file that is not there', () => {
  assert.match(
    linesOf(() => loadTree({ file: 'no.yaml', cwd: '/nowhere' }))[0] ?? '',
    /^no\.yaml: expected a tree file, found ENOENT/,
  );
});

test('less than half the timeout left, and settings in the environment, are warned about', t => {
  const text = `timeout: 5\nhb_interval: 1\nchildren:\n  - { name: a, ${leaf} }\n`;
  const env = { CANOPY_PORT: '1', CANOPY_URL: 'x', CANOPY_TOKEN: 'x', CANOPY_CA: 'x', OTHER: 'y' };
  assert.deepEqual(treeOf(t, text, { env }).warnings, [
    't.yaml:4:5 children[0] (a) hb_interval: 3 s is more than half the timeout of the top node (5 s): one late heartbeat may lose it',
    'CANOPY_PORT: not used, the settings come from t.yaml',
  ]);
});

test('a broker that listens everywhere is found at loopback by those in its process, by nobody else', t => {
  const text = `host: 0.0.0.0\ninsecure: true\nchildren:\n  - { name: a, port: 1, children: [] }\n`;
  assert.equal(treeOf(t, text).nodes[1]?.settings.parentUrl, 'mqtt://127.0.0.1:1883');
  assert.deepEqual(
    linesOf(() => treeOf(t, text, { node: 'a' })),
    ['t.yaml:1:1 host: expected an address at which a finds it, found 0.0.0.0'],
  );
});

test('children of a broker with TLS find it by that', t => {
  const text = `tls: true\nport: 7\nchildren:\n  - { name: a, port: 8, children: [ { name: b, ${leaf} } ] }\n`;
  assert.deepEqual(
    treeOf(t, text).nodes.map(({ settings }) => settings.parentUrl),
    [null, 'mqtts://127.0.0.1:7', 'mqtt://127.0.0.1:8'],
  );
});

test('a listener that strangers can reach is told with its place, whichever node is hosted', t => {
  const text = `listen: [mqtts://10.0.0.1:1, ws://127.0.0.1:2]\nauth: required\nchildren:\n  - { name: a, port: 8, host: '::', tls: true, children: [] }\n`;
  const otherwise = 'or a loopback address; or, on a network that you trust, insecure=true';
  assert.deepEqual(
    linesOf(() => treeOf(t, text, { node: '' })),
    [
      `t.yaml:4:25 children[0] (a) host: expected auth=required; ${otherwise}, found MQTT at mqtts://[::]:8, for anyone`,
    ],
  );
});

test('anchors work; a top node with a parent is a relay; defaults hold the base of the directories', t => {
  const { nodes } = treeOf(
    t,
    'defaults: { data_dir: /var/canopy }\nname: edge\nparent_url: mqtt://hq\nchildren:\n  - &one { name: a, target: x, stop_grace: 2 }\n  - { name: b, port: 5, children: [*one] }\n',
  );
  assert.deepEqual(
    nodes.map(({ path, settings }) => [path, settings.role, settings.parentUrl, settings.dataDir]),
    [
      ['', 'relay', 'mqtt://hq:1883', '/var/canopy/edge'],
      ['a', 'leaf', 'mqtt://127.0.0.1:1883', '/var/canopy/edge/a'],
      ['b', 'relay', 'mqtt://127.0.0.1:1883', '/var/canopy/edge/b'],
      ['b/a', 'leaf', 'mqtt://127.0.0.1:5', '/var/canopy/edge/b/a'],
    ],
  );
});

test('the example loads without error or warning, and has what the README tells of', () => {
  const { nodes, warnings } = loadTree({ file: 'config/tree.yaml', cwd: process.cwd() });
  assert.deepEqual(warnings, []);
  assert.ok(nodes.filter(({ settings }) => settings.role === 'leaf').length >= 6);
  assert.ok(nodes.some(({ path, settings }) => settings.role === 'relay' && path.includes('/')));
});

test('labels are words or a map', t => {
  const text = `
name: top
children:
  - { name: a, target: 'true', labels: { zone: b, disk: ssd } }
  - { name: b, target: 'true', labels: 'zone=b,disk=ssd' }
`;
  const labels = treeOf(t, text).nodes.map(({ settings }) => settings.labels);
  assert.deepEqual(labels.slice(1), [
    { zone: 'b', disk: 'ssd' },
    { zone: 'b', disk: 'ssd' },
  ]);
  assert.throws(
    () => treeOf(t, text.replace('disk: ssd', 'disk: [ssd]')),
    /labels: expected a single value, or a map/,
  );
});
