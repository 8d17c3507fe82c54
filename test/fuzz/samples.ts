/** What is mutated: one of everything that is legal. */
import { printJoinToken } from '../../src/identity/join-token.js';
import {
  connectPacket,
  DISCONNECT,
  PINGREQ,
  packet,
  publishPacket,
  subscribePacket,
} from '../support/raw-mqtt.js';

export const CHANNELS = [
  'hb',
  'state',
  'evt',
  'res',
  'log',
  'cmd',
  '_log',
  '_flow',
  '_csr',
  '_cert',
] as const;

const json = (value: object): string => JSON.stringify({ v: 1, ...value });
const beat = { epoch: 1790000000000, seq: 17, ts: 1790000051000, interval: 3, kind: 'leaf', app: 'web' };

export const PAYLOADS: readonly string[] = [
  json({
    ...beat,
    phase: 'running',
    health: 'passing',
    pid: 4242,
    uptime: 51.2,
    restarts: 0,
    cpu: 0.02,
    rss: 31457280,
    load: 0.3,
  }),
  json({
    ...beat,
    kind: 'relay',
    leaves: { up: 10, down: 1 },
    apps: { web: { slots: 4, running: 2, labels: { 'zone=a': { slots: 4 } } } },
  }),
  json({
    ...beat,
    link: 'online',
    phase: 'running',
    health: 'passing',
    reason: 'started',
    labels: { zone: 'a' },
    host: { name: 'box1', cores: 8 },
  }),
  json({ ...beat, event: 'link', path: 'web', from: 'online', to: 'lost', reason: 'timeout' }),
  json({ id: '7f3a', op: 'ping', expiresAt: 1790000081000, by: 'ops' }),
  json({
    id: 'roll',
    op: 'ping',
    select: { app: 'web', label: 'zone=a' },
    pick: 2,
    strategy: 'spread',
    args: { parallelism: 2 },
  }),
  json({ op: 'logs', args: { tail: 20, grep: 'timeout', since: '1h30m', stream: 'stdout', limit: 1000 } }),
  json({ op: 'follow', args: { tail: 5 } }),
  json({ op: 'rebalance', select: { app: 'web' }, args: { dryRun: true, maxMoves: 5, hysteresis: 0.2 } }),
  json({ id: '7f3a', op: 'ping', status: 'succeeded', done: true, ts: 1790000061012, data: { pid: 1 } }),
  json({ epoch: 1, lines: [{ seq: 1041, ts: 1790000060007, stream: 'stdout', line: 'GET / 200' }] }),
  json({ gap: { from: 1043, to: 1100, reason: 'dropped to make room' } }),
  json({
    flow: '0123456789abcdef@1790000000000-7',
    path: 'rack2/web',
    query: { after: 1040, follow: true },
    limit: 1048576,
    open: true,
  }),
  `${json({ flow: '0123456789abcdef@1790000000000-7', n: 0, runs: [{ seq: 1, lines: 1, ts: 1, stream: 'stdout', bytes: 4 }] })}\nabc\n`,
  'ping',
  'logs tail=20 grep=timeout',
  'rebalance app=web dry-run=true',
  '',
];

const topics = ['canopy/web/hb', 'canopy/rack1/web/state', 'canopy/cmd', 'home/lamp', 'a/b/c/d'];

export const FRAMES: readonly Buffer[] = [
  connectPacket({ clientId: 'fuzz' }),
  connectPacket({ clientId: 'fuzz', clean: false, keepalive: 10 }),
  connectPacket({
    clientId: 'canopy/fuzz/0123456789abcdef',
    will: { topic: 'canopy/fuzz/state', payload: PAYLOADS[2] ?? '', retain: true },
  }),
  connectPacket({ clientId: '', will: { topic: 'w', payload: 'x', qos: 2 } }),
  ...topics.flatMap((topic, at) => [
    publishPacket(topic, PAYLOADS[at] ?? ''),
    publishPacket(topic, PAYLOADS[at] ?? '', { qos: 1, id: at + 1, retain: at % 2 === 0 }),
    publishPacket(topic, 'x', { qos: 2, id: at + 10 }),
  ]),
  subscribePacket(['canopy/#', '+/b', 'a/b/c'], 1, 7),
  subscribePacket(['canopy/+/log'], 2, 8),
  packet(0xa2, Buffer.from([0, 9, 0, 1, 0x61])),
  ...[0x40, 0x50, 0x62, 0x70].map(first => packet(first, Buffer.from([0, 1]))),
  PINGREQ,
  DISCONNECT,
];

const head = 'host: x\r\nconnection: close\r\n';
const post = (path: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\n${head}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

export const REQUESTS: readonly string[] = [
  ...[
    '/healthz',
    '/readyz',
    '/metrics',
    '/api/v1/tree',
    '/api/v1/nodes?status=up&under=rack1&limit=10&cursor=x',
    '/api/v1/nodes/rack1/web',
    '/api/v1/commands/7f3a?wait=0',
    '/api/v1/logs/rack1/web?tail=5&grep=a&stream=stdout&since=1h',
    '/api/v1/orders',
    '/api/v1/audit',
    '/openapi.json',
  ].map(
    path =>
      `GET ${path} HTTP/1.1\r\n${head}accept: application/json\r\nauthorization: Bearer cnpy_a_b\r\n\r\n`,
  ),
  post('/api/v1/commands?wait=0', json({ path: 'rack1/web', op: 'ping', id: 'x' })),
  post(
    '/api/v1/commands?wait=0',
    json({ path: '', op: 'rebalance', select: { app: 'web' }, args: { dryRun: true } }),
  ),
  post('/api/v1/login', json({ token: 'cnpy_a_b' })),
  `DELETE /api/v1/nodes/nobody HTTP/1.1\r\n${head}\r\n`,
  `OPTIONS /api/v1/nodes HTTP/1.1\r\n${head}origin: http://evil\r\naccess-control-request-method: POST\r\n\r\n`,
  `GET /api/v1/tree HTTP/1.1\r\n${head}upgrade: websocket\r\nsec-websocket-key: x\r\ncookie: session=x; a="b\r\n\r\n`,
];

const HASH = `$scrypt$ln=14,r=8,p=5$${'A'.repeat(22)}$${'B'.repeat(43)}`;
const made = { createdAt: 1790000000000, expiresAt: 1790000600000, hash: HASH };
const ACCESS_FILE = json({
  tokens: [{ id: '0123456789ab', name: 'ops', role: 'operator', under: 'rack1', ...made, expiresAt: null }],
  nodes: [{ name: 'web', is: 'leaf', ...made, revokedAt: 1790000000001 }],
  joins: [{ id: 'ba9876543210', name: 'rack1', is: 'relay', ...made, spentAt: 1790000000002 }],
});
const ISSUED_LINE = json({
  serial: '5a5a',
  name: 'web',
  unit: 'leaf',
  notBefore: 1790000000000,
  notAfter: 1790000600000,
  fingerprint256: 'ab'.repeat(32),
  key: 'MFkwEwYHKoZIzj0CAQ==',
});

const SECRET = 'x'.repeat(43);
/** What people and nodes carry. */
export const TOKENS: readonly string[] = [
  `cnpy_0123456789ab_${SECRET}`,
  `0123456789ab_${SECRET}`,
  printJoinToken({
    url: 'mqtts://localhost:8883',
    ca: 'ab'.repeat(32),
    name: 'rack1',
    kind: 'relay',
    secret: `0123456789ab_${SECRET}`,
    exp: 1790000600000,
  }),
];

/** Files that are read, by the name of who reads them. */
const ALERT = {
  ...{
    id: '0f3c',
    rule: 'r',
    severity: 'critical',
    to: ['a'],
    status: 'down',
    path: 'rack1',
    kind: 'relay',
    app: null,
  },
  ...{ cause: 'will', reason: null, hidden: 2, since: 1, dueAt: 2, acked: { by: 'ops', at: 3 }, toldAt: 2 },
  ...{ reminders: 0, owner: 'us' },
};
const KEPT_ALERTS = JSON.stringify({
  version: 1,
  alerts: [ALERT],
  queue: [{ key: '0f3c:firing', kind: 'firing', to: 'a', at: 2, alert: ALERT, because: null }],
});

export const FILES = {
  env: [
    'CANOPY_ROLE=leaf\nCANOPY_APP_NAME="Web Shop"\nCANOPY_TARGET=node -e "setTimeout(() => {}, 1e6)"\nCANOPY_PARENT_URL=mqtt://up:1883\n',
    "CANOPY_PORT=1884\nCANOPY_NAME=rack1\nCANOPY_PARENT_HOST=::1 # comment\nexport CANOPY_MAX_PACKET='65536'\n",
    'CANOPY_IS_LEAF=true\nCANOPY_NAME=x\nCANOPY_TARGET=/bin/true $HOME\nCANOPY_ENV=A=b "C=d e"\nCANOPY_LABELS=zone=a\nCANOPY_LIVENESS_PROBE=http://127.0.0.1:1/x\n',
  ],
  tree: [
    'name: root\nport: 0\ndefaults:\n  hb_interval: 1\nchildren:\n  - name: rack1\n    port: 0\n    children:\n      - { app_name: web, target: "node x.js", needs: [db], labels: { zone: a } }\n      - { app_name: db, target: sleep 1, replicas: 3 }\n',
    'name: &a root\nchildren: [{ name: b, port: 1885, children: [*a] }]\n',
  ],
  alerts: [
    'receivers:\n  - { name: a, url: "http://h/x", headers: { x: { env: X } }, timeout: 5s }\n  - { name: b, topic: a/b, qos: 0 }\n  - { name: c, command: [sh, -c, "cat"] }\nrules:\n  - { name: r, status: [down, late], for: 1h30m, to: [a, b], remind: 4h, match: { path: "rack*/**", label: zone=a } }\n',
    'receivers: &a [{ name: t, topic: x }]\nrules: [{ name: r, status: down, to: t, match: { kind: leaf, app: [x, y] } }, *a]\n',
  ],
  alertsKept: [KEPT_ALERTS],
  commands: [
    '{"id":"a","op":"restart","status":"accepted","done":false,"at":1790000000000}\n{"at":1790000000000,"stage":{"id":"b","op":"x","status":"succeeded","done":true}}\n',
  ],
  orders: [
    '[{"app":"web","count":2,"strategy":"spread","surplus":"original","lostAfter":30,"replacements":[],"label":"zone=a"}]\n',
    '[]',
  ],
  roster: [
    '{"v":1}\n{"path":"rack1/web","state":{"v":1,"epoch":1790000000000,"ts":1790000000000,"kind":"leaf","app":"web","link":"lost","reason":"will","phase":"running","health":"passing","labels":{"zone":"a"}},"linkAt":1790000000000,"factsAt":1790000000000,"seenAt":null,"interval":3,"speaker":"0123456789abcdef"}\n{"gone":"rack1/old"}\n',
    '{"v":1}\n{"path":"a","state":{"v":1,"epoch":1,"ts":1,"kind":"relay","link":"offline","restartBy":30001},"linkAt":1,"factsAt":1,"seenAt":1,"interval":null,"speaker":null}\n{"grave":{"path":"a/b","epoch":1,"at":1790000000000}}\n{"closed":"a/c"}\n{"owed":"a/d"}\n{"paid":"a/d"}\n',
  ],
  installation: ['{"instance":"0123456789abcdef","epoch":1790000000000}\n'],
  maintenance: ['{"by":"ops","until":1790000000000}', '{"since":1,"by":"x"}'],
  desired: ['stopped\n', 'running\n'],
  target: [
    // Token, end, and who it is: each as long as it always is.
    [
      '0123456789abcdef',
      '0123456789abcdef 143'.padEnd(23),
      '4242 8913 0b6e1c2a-0000-0000-0000-000000000000 0123456789abcdef 4242 4241 1790000000000 stopped'.padEnd(
        127,
      ),
      '',
    ].join('\n'),
  ],
  access: [ACCESS_FILE, json({ tokens: [], nodes: [], joins: [] })],
  issued: [`${ISSUED_LINE}\n`, `${ISSUED_LINE}\n${ISSUED_LINE.replace('5a5a', '5b5b')}\n`],
  audit: [
    '{"ts":1790000000000,"by":"ops","address":"127.0.0.1","via":"rest","path":"rack1/web","op":"ping","outcome":"succeeded","id":"7f3a"}\n{"ts":1790000000001,"by":"","address":"10.0.0.9","via":"mqtt","path":null,"op":"connect","outcome":"refused","code":"slow-down","unwritten":17}\n',
  ],
  pid: ['{"pid":4242,"startTime":"8913","bootId":"0b6e1c2a"}\n', '4242 8913 0b6e1c2a\n'],
} as const;
