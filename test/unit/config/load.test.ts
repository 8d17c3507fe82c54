import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cliUrl, environment } from '../../../src/config/environment.js';
import { loadNode } from '../../../src/config/load.js';
import type { NodeSettings } from '../../../src/config/settings.js';
import { dirWith, linesOf } from './support.js';

/** Settings as `KEY=value KEY=value`, CANOPY_ left out; `_` stands for a space. */
const envOf = (text: string): NodeJS.ProcessEnv =>
  Object.fromEntries(
    text
      .split(' ')
      .filter(Boolean)
      .map(pair => {
        const [key = '', ...value] = pair.split('=');
        return [`CANOPY_${key}`, value.join('=').replaceAll('_', ' ')];
      }),
  );
const load = (text: string): NodeSettings => loadNode({ env: envOf(text), cwd: '/srv' }).settings;
const NO_SECURITY: NodeSettings['security'] = {
  listen: [],
  cert: null,
  key: null,
  ca: null,
  parentCa: null,
  uplinkCert: null,
  uplinkKey: null,
  secretFile: null,
};
const LEAF = 'ROLE=leaf NAME=web TARGET=node_x';

test('roles, explicit or from the rest', () => {
  const cases: [string, string][] = [
    ['LOG_LEVEL=info', 'root'],
    ['IS_LEAF=false', 'root'],
    ['ROLE=root', 'root'],
    ['NAME=a PORT=1884 PARENT_HOST=127.0.0.1', 'relay'],
    ['NAME=a PORT=1884 PARENT_PORT=1883', 'relay'],
    ['NAME=a PARENT_URL=mqtt://up', 'relay'],
    ['ROLE=relay NAME=a PORT=0', 'relay'],
    ['IS_LEAF=true NAME=a TARGET=x', 'leaf'],
    ['IS_LEAF=true NAME=a TARGET=x PARENT_HOST=up', 'leaf'],
    [LEAF, 'leaf'],
  ];
  for (const [text, role] of cases) assert.equal(load(text).role, role, text);
});

test('nothing at all is not a root, and a tree file is not a node', () => {
  const nothing = {
    message: /expected a \.env file, or CANOPY_ variables in the environment, found neither/,
  };
  assert.throws(() => loadNode({ env: { PATH: '/bin', CANOPY_URL: 'http://x' }, cwd: '/srv' }), nothing);
  const marked = { CANOPY_ROLE: 'root', CANOPY_TARGET_OF: 'a leaf' };
  assert.equal(loadNode({ env: marked, cwd: '/srv' }).settings.role, 'root', 'a target may be a node itself');
  const tree = { message: /expected a \.env file of one node, found a tree file: npx canopy up t\.yaml/ };
  assert.throws(() => loadNode({ file: 't.yaml', env: {}, cwd: '/srv' }), tree);
});

test('a leaf with all its defaults', () => {
  assert.deepEqual(load('IS_LEAF=true APP_NAME=web TARGET=node_web.js'), {
    role: 'leaf',
    name: 'web',
    appName: 'web',
    host: '127.0.0.1',
    port: 1883,
    parentUrl: 'mqtt://127.0.0.1:1883',
    rest: null,
    hbInterval: 3,
    timeout: 10,
    silent: false,
    target: { words: ['node', 'web.js'], text: 'node web.js' },
    allow: null,
    history: null,
    dataDir: '/srv/data/web',
    logFile: null,
    logLevel: 'info',
    stopSignal: 'SIGTERM',
    stopGrace: 10,
    restart: 'always',
    backoffMin: 1,
    backoffMax: 30,
    shell: false,
    runAs: { cwd: null, user: null, umask: null, nice: null, env: {}, envFile: null },
    settleTime: 10,
    exitCodes: [0],
    startSeconds: 1,
    maxRestarts: 10,
    restartWindow: 60,
    atLimit: 'delay',
    onExit: 'stop',
    maxPacket: 1048576,
    maxConnectPacket: 65536,
    maxClients: 10000,
    maxPerAddress: 1000,
    connectTimeout: 5,
    maxRate: 5000,
    maxInflight: 20,
    maxTopic: 1024,
    maxTopicLevels: 32,
    maxSubscriptions: 1000,
    maxRetained: 65536,
    maxRetainedBytes: 67108864,
    maxRetainedChild: 32768,
    maxRetainedChildBytes: 33554432,
    corsOrigins: [],
    restRate: 300,
    restConnections: 500,
    restMaxBody: 262144,
    restMaxHeader: 16384,
    restStreams: 100,
    sessionTime: 43200,
    auditMax: '64M',
    auth: 'none',
    insecure: false,
    tls: false,
    restTls: false,
    security: NO_SECURITY,
    desired: 'running',
    labels: {},
    hostName: hostname(),
    probes: {},
    memory: { warn: null, max: null },
    logs: { maxBytes: 256 * 2 ** 20, segmentBytes: 8 * 2 ** 20, maxAgeMs: null, capture: 'auto' },
    needs: [],
  });
});

test('what settings become', () => {
  const cases: [string, Partial<NodeSettings>][] = [
    [
      'ROLE=root',
      { name: 'root', rest: { host: '127.0.0.1', port: 8004 }, parentUrl: null, dataDir: '/srv/data/root' },
    ],
    ['REST_PORT=0', { rest: { host: '127.0.0.1', port: 0 } }],
    ['ROLE=relay NAME=a PORT=1884', { rest: null, parentUrl: 'mqtt://127.0.0.1:1883' }],
    ['ROLE=relay NAME=a PORT=1884 REST_PORT=1', { rest: { host: '127.0.0.1', port: 1 } }],
    [
      'ROLE=relay NAME=a PORT=1884 INSECURE=true REST_HOST=0.0.0.0',
      { rest: { host: '0.0.0.0', port: 8004 } },
    ],
    ['ROLE=relay NAME=a PARENT_URL=mqtt://up/', { parentUrl: 'mqtt://up:1883' }],
    ['ROLE=relay NAME=a PARENT_URL=mqtt://[::1]:9', { parentUrl: 'mqtt://[::1]:9' }],
    ['ROLE=relay NAME=a PARENT_HOST=::1', { parentUrl: 'mqtt://[::1]:1883' }],
    ['ROLE=relay NAME=a PARENT_URL=mqtts://up', { parentUrl: 'mqtts://up:8883' }],
    ['ROLE=relay NAME=a PARENT_URL=ws://up', { parentUrl: 'ws://up:80/mqtt' }],
    ['ROLE=relay NAME=a PARENT_URL=wss://up:9/x/y', { parentUrl: 'wss://up:9/x/y' }],
    ['ROLE=relay NAME=a PORT=1884 PARENT_CA=ca.crt', { parentUrl: 'mqtts://127.0.0.1:1883' }],
    [
      'ROLE=relay NAME=a PORT=1884 PARENT_CA=ca.crt',
      { security: { ...NO_SECURITY, parentCa: '/srv/ca.crt' } },
    ],
    [
      'ROLE=root LISTEN=wss://127.0.0.1:0,_ws://[::1]:81',
      {
        security: {
          ...NO_SECURITY,
          listen: [
            { scheme: 'wss', host: '127.0.0.1', port: 0, path: '/mqtt' },
            { scheme: 'ws', host: '::1', port: 81, path: '/mqtt' },
          ],
        },
      },
    ],
    [`${LEAF} APP_NAME=Web_Shop`, { name: 'web', appName: 'Web Shop' }],
    [`${LEAF} STOP_SIGNAL=hup`, { stopSignal: 'SIGHUP' }],
    ['DATA_DIR=/var/x LOG_FILE=a.log', { dataDir: '/var/x', logFile: '/srv/a.log' }],
  ];
  for (const [text, expected] of cases) {
    const settings = load(text);
    for (const [key, value] of Object.entries(expected))
      assert.deepEqual(settings[key as keyof NodeSettings], value, `${text}: ${key}`);
  }
});

test('every problem has a line that names the key, what was expected and what was found', () => {
  const E = '(environment)';
  const cases: [string, string[]][] = [
    [
      'PORT=x HB_INTERVAL=-1 SILENT=maybe',
      [
        `CANOPY_PORT ${E}: expected a port from 0 to 65535, 0 for any free one, found "x"`,
        `CANOPY_HB_INTERVAL ${E}: expected seconds from 0.01 to 2147483, fractions allowed, found "-1"`,
        `CANOPY_SILENT ${E}: expected true or false, found "maybe"`,
      ],
    ],
    ['HB_INTERVALL=3', [`CANOPY_HB_INTERVALL ${E}: unknown key, did you mean CANOPY_HB_INTERVAL?`]],
    ['ZZZZZZZZ=3', [`CANOPY_ZZZZZZZZ ${E}: unknown key`]],
    ['ROLE=boss', [`CANOPY_ROLE ${E}: expected one of root, relay, leaf, found "boss"`]],
    ['ROLE=root IS_LEAF=true', [`CANOPY_IS_LEAF ${E}: expected what fits a root, found "true"`]],
    [`${LEAF} IS_LEAF=false`, [`CANOPY_IS_LEAF ${E}: expected what fits a leaf, found "false"`]],
    [
      'ROLE=root PARENT_HOST=up',
      [`CANOPY_PARENT_HOST ${E}: expected it only on a relay or a leaf, found it on a root: "up"`],
    ],
    ['TARGET=x', [`CANOPY_TARGET ${E}: expected it only on a leaf, found it on a root: "x"`]],
    [
      `${LEAF} REST_PORT=1`,
      [`CANOPY_REST_PORT ${E}: expected it only on a root or a relay, found it on a leaf: "1"`],
    ],
    ['ROLE=leaf NAME=web', ['CANOPY_TARGET: expected the command that the leaf runs, found none']],
    [
      'ROLE=relay PORT=0',
      [
        'CANOPY_NAME: expected a name: a letter or digit, then up to 62 of A-Z a-z 0-9 _ -, and none of the channel names hb state evt cmd res log, found none',
      ],
    ],
    [
      'ROLE=leaf APP_NAME=my.app TARGET=x',
      [
        'CANOPY_NAME: expected a name: a letter or digit, then up to 62 of A-Z a-z 0-9 _ -, and none of the channel names hb state evt cmd res log, found only CANOPY_APP_NAME "my.app", which is none',
      ],
    ],
    [
      'TIMEOUT=3',
      [
        `CANOPY_TIMEOUT ${E}: expected more than its own CANOPY_HB_INTERVAL (3 s), better twice that, found 3 s`,
      ],
    ],
    [
      'HB_INTERVAL=10',
      ['CANOPY_TIMEOUT: expected more than its own CANOPY_HB_INTERVAL (10 s), better twice that, found 10 s'],
    ],
    [
      `${LEAF} BACKOFF_MIN=5 BACKOFF_MAX=2`,
      [`CANOPY_BACKOFF_MAX ${E}: expected at least CANOPY_BACKOFF_MIN (5 s), found 2 s`],
    ],
    [
      `${LEAF} PARENT_URL=mqtt://up PARENT_PORT=1`,
      [`CANOPY_PARENT_URL ${E}: expected the parent given once, found CANOPY_PARENT_PORT as well`],
    ],
    [
      `${LEAF} PARENT_URL=http://up`,
      [
        `CANOPY_PARENT_URL ${E}: expected mqtt, mqtts, ws or wss://host:port, without user or query, a path only for ws and wss, found "http://up"`,
      ],
    ],
    [
      `${LEAF} PARENT_URL=mqtt://me:secret@up`,
      [
        `CANOPY_PARENT_URL ${E}: expected mqtt, mqtts, ws or wss://host:port, without user or query, a path only for ws and wss, found "mqtt://***@up"`,
      ],
    ],
    [
      `${LEAF} PARENT_URL=up:1883`,
      [
        `CANOPY_PARENT_URL ${E}: expected mqtt, mqtts, ws or wss://host:port, without user or query, a path only for ws and wss, found "up:1883"`,
      ],
    ],
    [
      'ROLE=leaf NAME=web TARGET=a_|_b',
      [
        `CANOPY_TARGET ${E}: expected no | outside quotes, which needs a shell: write sh -c '…', found "a | b"`,
      ],
    ],
    [
      'ROLE=relay NAME=a',
      ['CANOPY_PORT: expected another address than that of its parent, found 127.0.0.1:1883'],
    ],
    [
      'REST_PORT=1883',
      ['CANOPY_PORT: expected another address than its own REST listener, found 127.0.0.1:1883'],
    ],
  ];
  for (const [text, lines] of cases) {
    const found = linesOf(() => load(text));
    assert.deepEqual(found, lines, text);
  }
});

test('the error is one with a stable code and all problems', t => {
  const cwd = dirWith(t, { 'node.env': 'CANOPY_PORT=x\n' });
  assert.throws(() => loadNode({ file: 'node.env', env: { CANOPY_TIMEOUT: 'y' }, cwd }), {
    name: 'ConfigError',
    code: 'invalid-config',
    problems: [
      {
        where: 'CANOPY_PORT (node.env)',
        expected: 'a port from 0 to 65535, 0 for any free one',
        found: '"x"',
        code: 'invalid-value',
      },
      {
        where: 'CANOPY_TIMEOUT (environment)',
        expected: 'seconds from 0.01 to 2147483, fractions allowed',
        found: '"y"',
        code: 'invalid-value',
      },
    ],
  });
});

test('less than twice the interval is warned about', () => {
  const { warnings } = loadNode({ env: envOf('TIMEOUT=5'), cwd: '/' });
  assert.deepEqual(warnings, [
    'CANOPY_TIMEOUT (environment): 5 s is less than twice its own CANOPY_HB_INTERVAL (3 s): one late heartbeat may lose a child',
  ]);
  assert.deepEqual(loadNode({ env: envOf('TIMEOUT=6'), cwd: '/' }).warnings, []);
});

test('the environment wins over the file, an empty value counts as not given in both', t => {
  const cwd = dirWith(t, {
    'a.env':
      'CANOPY_ROLE=leaf\nCANOPY_NAME=web\nCANOPY_TARGET=run $WORD $OTHER\nCANOPY_LOG_LEVEL=\nCANOPY_HB_INTERVAL=1\nWORD=file\nOTHER=file\n',
  });
  const env = { CANOPY_HB_INTERVAL: '2', CANOPY_NAME: ' ', CANOPY_URL: 'http://x', OTHER: 'process' };
  const { settings, env: merged } = loadNode({ file: 'a.env', env, cwd });
  assert.deepEqual(settings.target?.words, ['run', 'file', 'process']);
  assert.deepEqual([settings.hbInterval, settings.name, settings.logLevel], [2, 'web', 'info']);
  assert.deepEqual([merged.WORD, merged.OTHER], ['file', 'process']);
});

test('files that are not there, or hold lines that mean nothing', t => {
  const cwd = dirWith(t, { 'bad.env': '# fine\nexport CANOPY_PORT 1883\nCANOPY_NAME=x\ncanopy_port=1\n' });
  const lines = (file: string): string[] => linesOf(() => loadNode({ file, env: {}, cwd }));
  assert.match(lines('none.env')[0] ?? '', /^none\.env: expected a file of settings, found no such file/);
  assert.match(lines('.')[0] ?? '', /^\.: expected a file of settings, found EISDIR/);
  assert.deepEqual(lines('bad.env'), ['bad.env:2: expected NAME=value, found "CANOPY_PORT …"']);
  const lower = dirWith(t, { 'a.env': 'canopy_port=1\n' });
  assert.deepEqual(
    linesOf(() => loadNode({ file: 'a.env', env: {}, cwd: lower })),
    ['canopy_port (a.env): unknown key, did you mean CANOPY_PORT?'],
  );
});

test('the examples load without error or warning', () => {
  for (const name of ['root', 'relay', 'leaf']) {
    const { settings, warnings } = loadNode({
      file: join('config', `${name}.env`),
      env: {},
      cwd: process.cwd(),
    });
    assert.deepEqual([settings.role, warnings], [name, []]);
  }
});

test("the environment is a copy; the command line's address has a default", () => {
  const copy = environment();
  copy.CANOPY_TEST_COPY = 'x';
  assert.equal(environment().CANOPY_TEST_COPY, undefined);
  assert.equal(cliUrl({}), 'http://127.0.0.1:8004');
  assert.equal(cliUrl({ CANOPY_URL: 'http://up:1' }), 'http://up:1');
});
