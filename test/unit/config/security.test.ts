/** What is refused of listeners and uplinks: all at once, each with the settings that would make it right. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback } from '../../../src/config/address.js';
import { exposures, listenersOf } from '../../../src/config/listening.js';
import { loadNode } from '../../../src/config/load.js';
import { linesOf } from './support.js';

const load = (settings: Record<string, string>) => {
  const env = Object.fromEntries(
    Object.entries(settings).map(([key, text]) => [`CANOPY_${key.toUpperCase()}`, text]),
  );
  return loadNode({ env, cwd: '/srv' }).settings;
};

test('what counts as loopback', () => {
  const cases: [string, boolean | null][] = [
    ['127.0.0.1', true],
    ['127.255.0.9', true],
    ['::1', true],
    ['0:0:0:0:0:0:0:1', true],
    ['::ffff:127.0.0.1', true],
    ['localhost', true],
    ['LocalHost.', true],
    ['db.localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['::ffff:10.0.0.1', false],
    ['126.0.0.1', false],
    ['128.0.0.1', false],
    ['10.0.0.1', false],
    ['fe80::1', false],
    ['notlocalhost', null],
    ['localhost.example.org', null],
    ['rack1', null],
  ];
  for (const [host, loopback] of cases) assert.equal(isLoopback(host), loopback, host);
});

const OR = 'or a loopback address; or, on a network that you trust, CANOPY_INSECURE=true';
const AUTH = 'CANOPY_AUTH=required';

test('a listener that others can reach needs authentication and TLS; every one is told', () => {
  const cases: [Record<string, string>, string[]][] = [
    [{ host: '127.0.0.1', rest_host: '::1', listen: 'ws://localhost:1' }, []],
    [
      { host: '0.0.0.0' },
      [
        `CANOPY_HOST (environment): expected ${AUTH} and CANOPY_TLS=true; ${OR}, found MQTT at mqtt://0.0.0.0:1883, without TLS, for anyone`,
      ],
    ],
    [
      { host: '0.0.0.0', tls: 'true', rest_host: '10.0.0.1', rest_tls: 'false' },
      [
        `CANOPY_HOST (environment): expected ${AUTH}; ${OR}, found MQTT at mqtts://0.0.0.0:1883, for anyone`,
        `CANOPY_REST_HOST (environment): expected ${AUTH} and CANOPY_REST_TLS=true; ${OR}, found REST at http://10.0.0.1:8004, without TLS, for anyone`,
      ],
    ],
    [
      { auth: 'required', listen: 'mqtts://[::]:1, ws://[2001:db8::1]:2' },
      [
        `CANOPY_LISTEN (environment): expected wss://[2001:db8::1]:2/mqtt in CANOPY_LISTEN; ${OR}, found MQTT at ws://[2001:db8::1]:2/mqtt, without TLS`,
      ],
    ],
    [{ auth: 'required', tls: 'true', rest_tls: 'true', host: '::', rest_host: '10.0.0.1' }, []],
    [{ insecure: 'true', host: '::', rest_host: '10.0.0.1' }, []],
  ];
  for (const [settings, lines] of cases)
    assert.deepEqual(
      linesOf(() => load({ role: 'root', ...settings })),
      lines,
      JSON.stringify(settings),
    );
});

test('a name is reachable or not by what it is looked up to be', () => {
  const settings = load({ role: 'root', host: 'rack1' });
  const keys = (reachable: boolean) =>
    exposures(
      settings,
      key => key,
      () => reachable,
    ).map(({ at }) => at.key);
  assert.deepEqual(keys(false), []);
  assert.deepEqual(keys(true), ['port', 'rest_port']);
});

test('listeners of a node, and those in the way of each other', () => {
  const settings = load({ role: 'root', tls: 'true', rest_tls: 'true', listen: 'ws://[::1]:2' });
  assert.deepEqual(
    listenersOf(settings).map(({ url }) => url),
    ['mqtts://127.0.0.1:1883', 'ws://[::1]:2/mqtt', 'https://127.0.0.1:8004'],
  );
  assert.deepEqual(
    linesOf(() => load({ role: 'root', listen: 'ws://127.0.0.1:8004, mqtts://localhost:1883, ftp://x' })),
    [
      'CANOPY_LISTEN (environment): expected mqtt, mqtts, ws or wss://host:port, without user or query, a path only for ws and wss, found "ftp://x"',
      'CANOPY_LISTEN (environment): expected another address than its own REST listener, found 127.0.0.1:8004',
      'CANOPY_LISTEN (environment): expected another address than that of another of its listeners, found localhost:1883',
    ],
  );
});

test('half a proof is none, and no secret goes out in the clear', () => {
  const relay = { role: 'relay', name: 'a', port: '9' };
  const cases: [Record<string, string>, string[]][] = [
    [{ tls_cert: 'x' }, ['CANOPY_TLS_CERT (environment): expected CANOPY_TLS_KEY beside it, found none']],
    [
      { uplink_key: 'x' },
      ['CANOPY_UPLINK_KEY (environment): expected CANOPY_UPLINK_CERT beside it, found none'],
    ],
    [
      { uplink_cert: 'x', uplink_key: 'y', secret_file: 'z' },
      ['CANOPY_SECRET_FILE (environment): expected one proof of its name, found CANOPY_UPLINK_CERT as well'],
    ],
    [
      { parent_ca: 'x', parent_url: 'mqtt://up' },
      ['CANOPY_PARENT_URL (environment): expected mqtts or wss, beside CANOPY_PARENT_CA, found "mqtt://up"'],
    ],
    [
      { secret_file: 'x', parent_host: 'up' },
      [
        'CANOPY_SECRET_FILE (environment): expected CANOPY_PARENT_URL with mqtts or wss, or a parent on this machine, found mqtt://up',
      ],
    ],
    [{ secret_file: 'x', parent_url: 'wss://up' }, []],
    [{ secret_file: 'x', parent_port: '1884' }, []],
  ];
  for (const [settings, lines] of cases)
    assert.deepEqual(
      linesOf(() => load({ ...relay, ...settings })),
      lines,
      JSON.stringify(settings),
    );
});
