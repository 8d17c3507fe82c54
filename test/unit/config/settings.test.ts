import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sameAddress } from '../../../src/config/address.js';
import { readSetting } from '../../../src/config/given.js';
import { fullSignalName } from '../../../src/config/schemas.js';
import { PLAIN, SETTING_KEYS, type SettingKey, settingOf } from '../../../src/config/settings.js';
import { settingsTable } from '../../../src/config/table.js';

const CONTRACT = `role is_leaf name app_name parent_host parent_port parent_url host port rest_host rest_port
  hb_interval timeout silent target data_dir log_file log_level`.split(/\s+/);
const OURS =
  `ephemeral restart_time clock_skew flap_high flap_low flap_interval allow stop_signal stop_grace restart backoff_min backoff_max settle_time max_packet max_connect_packet max_clients max_per_address connect_timeout max_rate max_inflight max_topic
  max_topic_levels max_subscriptions max_retained max_retained_bytes max_retained_child max_retained_child_bytes
  exit_codes start_seconds max_restarts restart_window at_limit on_exit
  log_max_bytes log_segment_bytes log_max_age log_capture
  memory_warn memory_max needs desired labels host_name
  auth insecure tls listen rest_tls tls_cert tls_key tls_ca
  parent_ca uplink_cert uplink_key secret_file
  cors_origins rest_rate rest_connections rest_max_body rest_max_header rest_streams session_time audit_max
  history history_days history_max_bytes spool_max_bytes
  alerts alerts_file alerts_expire alerts_queue deadman_url deadman_method deadman_topic deadman_interval
  cwd user umask nice shell env env_file`.split(/\s+/);
const PROBE_KEYS = ['startup', 'liveness', 'readiness'].flatMap(name =>
  ['', '_interval', '_timeout', '_failures', '_successes'].map(detail => `${name}_probe${detail}`),
);

test('the table holds what the contract names, and what we add', () => {
  assert.deepEqual([...SETTING_KEYS].sort(), [...CONTRACT, ...OURS, ...PROBE_KEYS].sort());
});

test('every setting says whose it is, what it is for, and has a default that passes its own check', () => {
  for (const key of SETTING_KEYS) {
    const { roles, about, fallback, computed, schema, group } = settingOf(key);
    assert.ok(roles.length > 0 && about.endsWith('.') && group, key);
    assert.ok((schema as { description?: string }).description, key);
    assert.ok(fallback !== null || computed || key === 'parent_url', key);
    if (fallback !== null) assert.deepEqual(readSetting(key, String(fallback)), fallback, key);
  }
  for (const key of PLAIN) assert.notEqual(settingOf(key).fallback, null, key);
});

test('every setting is one line of the table in the README', () => {
  const lines = settingsTable().trimEnd().split('\n');
  assert.equal(lines.length, SETTING_KEYS.length + 2);
  for (const key of SETTING_KEYS)
    assert.equal(lines.filter(line => line.startsWith(`| \`CANOPY_${key.toUpperCase()}\` |`)).length, 1, key);
});

test('single values', () => {
  const cases: [SettingKey, string, unknown][] = [
    ['hb_interval', '3', 3],
    ['hb_interval', ' .5 ', 0.5],
    ['hb_interval', '0', undefined],
    ['hb_interval', '-1', undefined],
    ['hb_interval', '3s', undefined],
    ['hb_interval', '0x10', undefined],
    ['hb_interval', '1e3', undefined],
    ['hb_interval', 'Infinity', undefined],
    ['hb_interval', '2147484', undefined],
    ['port', '0', 0],
    ['port', '65535', 65535],
    ['port', '65536', undefined],
    ['port', '1.5', undefined],
    ['parent_port', '0', undefined],
    ['is_leaf', 'TRUE', true],
    ['is_leaf', '1', undefined],
    ['role', 'Root', undefined],
    ['name', '007', '007'],
    ['name', 'hb', undefined],
    ['name', 'a.b', undefined],
    ['name', 'a'.repeat(64), undefined],
    ['host', '::1', '::1'],
    ['host', 'rack-1.example.org', 'rack-1.example.org'],
    ['host', 'a b', undefined],
    ['host', 'mqtt://a', undefined],
    ['host', '[::1]', undefined],
    ['stop_signal', 'sigint', 'sigint'],
    ['stop_signal', 'NONE', undefined],
    ['max_packet', '10', undefined],
    ['restart', 'sometimes', undefined],
    ['allow', 'start,stop', 'start,stop'],
    ['allow', 'none', 'none'],
    ['allow', 'start,shell', undefined],
    ['memory_max', '512M', '512M'],
    ['memory_max', '1.5g', '1.5g'],
    ['memory_max', '1', '1'],
    ['memory_max', '0', undefined],
    ['memory_max', '0.1', undefined],
    ['memory_max', '512MB', undefined],
    ['memory_max', '-1', undefined],
    ['memory_max', '9000000T', undefined],
    ['liveness_probe_successes', '1', 1],
    ['liveness_probe_successes', '2', undefined],
    ['startup_probe_successes', '2', undefined],
    ['readiness_probe_successes', '2', 2],
    ['readiness_probe_failures', '0', undefined],
    ['auth', 'maybe', undefined],
  ];
  for (const [key, text, value] of cases) assert.deepEqual(readSetting(key, text), value, `${key}=${text}`);
});

test('signals have one spelling in the end', () => {
  for (const text of ['TERM', 'SIGTERM', 'sigterm', 'term']) assert.equal(fullSignalName(text), 'SIGTERM');
  for (const text of ['', 'SIG', '15', 'toString']) assert.equal(fullSignalName(text), null);
});

test('which listeners are in the way of each other', () => {
  const cases: [string, string, boolean][] = [
    ['a:1', 'a:1', true],
    ['A:1', 'a:1', true],
    ['a:1', 'a:2', false],
    ['a:1', 'b:1', false],
    ['a:0', 'a:0', false],
    ['localhost:1', '127.0.0.1:1', true],
    ['0.0.0.0:1', '127.0.0.1:1', true],
    ['0.0.0.0:1', 'a:1', false],
    ['127.0.0.1:1', '[::1]:1', false],
    ['[::]:1', '127.0.0.1:1', true],
  ];
  const address = (text: string) => ({
    host: text.slice(0, text.lastIndexOf(':')).replace(/[[\]]/g, ''),
    port: Number(text.slice(text.lastIndexOf(':') + 1)),
  });
  for (const [a, b, same] of cases) {
    assert.equal(sameAddress(address(a), address(b)), same, `${a} ${b}`);
    assert.equal(sameAddress(address(b), address(a)), same, `${b} ${a}`);
  }
});
