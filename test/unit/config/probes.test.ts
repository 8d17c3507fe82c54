import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadNode } from '../../../src/config/load.js';
import { parseCheck } from '../../../src/config/probes.js';
import type { NodeSettings } from '../../../src/config/settings.js';
import { loadTree } from '../../../src/config/tree-file.js';
import { dirWith, linesOf } from './support.js';

test('what a probe is, by how it is written', () => {
  const FORMS = 'http://host:port/path (or https), tcp://host:port, or exec: and a command';
  const HTTP = 'http://host:port/path, without user or fragment';
  const TCP = 'tcp://host:port, and nothing more';
  const table: [string, object][] = [
    ['http://127.0.0.1:8101/healthz', { kind: 'http', url: 'http://127.0.0.1:8101/healthz' }],
    ['http://localhost', { kind: 'http', url: 'http://localhost/' }],
    ['https://[::1]:8443/a?b=c', { kind: 'http', url: 'https://[::1]:8443/a?b=c' }],
    ['HTTP://Host/', { kind: 'http', url: 'http://host/' }],
    ['http://', { problem: HTTP }],
    ['http://a b/', { problem: HTTP }],
    ['http://me:secret@host/', { problem: HTTP }],
    ['http://host:99999/', { problem: HTTP }],
    ['http://host:0/', { problem: HTTP }],
    ['http://host/#x', { problem: HTTP }],
    ['tcp://127.0.0.1:5432', { kind: 'tcp', host: '127.0.0.1', port: 5432 }],
    ['tcp://[::1]:5432/', { kind: 'tcp', host: '::1', port: 5432 }],
    ['tcp://host', { problem: TCP }],
    ['tcp://host:0', { problem: TCP }],
    ['tcp://host:1/path', { problem: TCP }],
    ['tcp://:1', { problem: TCP }],
    ['exec: pg_isready -h \'$HOST\' "$HOST"', { kind: 'exec', words: ['pg_isready', '-h', '$HOST', 'db'] }],
    ['exec:true', { kind: 'exec', words: ['true'] }],
    ['exec:', { problem: 'a command' }],
    ['exec: a | b', { problem: "no | outside quotes, which needs a shell: write sh -c '…'" }],
    ['ftp://host:1', { problem: FORMS }],
    ['/healthz', { problem: FORMS }],
    ['pg_isready', { problem: FORMS }],
  ];
  for (const [text, expected] of table) assert.deepEqual(parseCheck(text, { HOST: 'db' }), expected, text);
});

const LEAF = { CANOPY_ROLE: 'leaf', CANOPY_NAME: 'web', CANOPY_TARGET: 'x' };
const load = (more: Record<string, string>): NodeSettings =>
  loadNode({ env: { ...LEAF, ...more }, cwd: '/srv' }).settings;

test('probes and limits as a node takes them', () => {
  const { probes, memory } = load({
    CANOPY_STARTUP_PROBE: 'tcp://127.0.0.1:1',
    CANOPY_READINESS_PROBE: 'http://127.0.0.1:1/',
    CANOPY_READINESS_PROBE_INTERVAL: '2',
    CANOPY_READINESS_PROBE_TIMEOUT: '5',
    CANOPY_READINESS_PROBE_SUCCESSES: '2',
    CANOPY_MEMORY_WARN: '256M',
    CANOPY_MEMORY_MAX: '0.5G',
  });
  assert.deepEqual(probes, {
    startup: {
      check: { kind: 'tcp', host: '127.0.0.1', port: 1 },
      intervalMs: 1000,
      timeoutMs: 1000,
      failures: 30,
      successes: 1,
    },
    readiness: {
      check: { kind: 'http', url: 'http://127.0.0.1:1/' },
      intervalMs: 2000,
      timeoutMs: 5000,
      failures: 3,
      successes: 2,
    },
  });
  assert.deepEqual(memory, { warn: 256 * 1024 ** 2, max: 512 * 1024 ** 2 });
});

test('what is wrong with them', () => {
  const E = '(environment)';
  const table: [Record<string, string>, string][] = [
    [
      { CANOPY_LIVENESS_PROBE_INTERVAL: '3' },
      `CANOPY_LIVENESS_PROBE_INTERVAL ${E}: expected CANOPY_LIVENESS_PROBE beside it, found none`,
    ],
    [
      { CANOPY_LIVENESS_PROBE: 'tcp://h:1', CANOPY_LIVENESS_PROBE_SUCCESSES: '2' },
      `CANOPY_LIVENESS_PROBE_SUCCESSES ${E}: expected 1 (the first one counts, as in Kubernetes), found "2"`,
    ],
    [
      { CANOPY_READINESS_PROBE: 'http://me:secret@h/' },
      `CANOPY_READINESS_PROBE ${E}: expected http://host:port/path, without user or fragment, found "http://***@h/"`,
    ],
    [
      { CANOPY_MEMORY_MAX: '512MB' },
      `CANOPY_MEMORY_MAX ${E}: expected bytes, or with K, M, G or T (of 1024), such as 512M, found "512MB"`,
    ],
    [
      { CANOPY_MEMORY_WARN: '1G', CANOPY_MEMORY_MAX: '1024M' },
      `CANOPY_MEMORY_WARN ${E}: expected less than CANOPY_MEMORY_MAX (1024M), found 1G`,
    ],
    [
      { CANOPY_NEEDS: 'db' },
      `CANOPY_NEEDS ${E}: expected it in a tree file, among leaves of one process, found "db"`,
    ],
  ];
  for (const [more, line] of table)
    assert.deepEqual(
      linesOf(() => load(more)),
      [line],
    );
});

test('among the defaults of a tree, details of a probe are for those that have one', t => {
  const text = `defaults: { readiness_probe_interval: 2, readiness_probe: 'exec: true', liveness_probe_timeout: 3 }
children:
  - { name: a, target: x }
  - { name: b, target: x, liveness_probe: 'tcp://127.0.0.1:1' }
`;
  const { nodes } = loadTree({ file: 't.yaml', cwd: dirWith(t, { 't.yaml': text }) });
  const [, a, b] = nodes.map(({ settings }) => settings.probes);
  assert.deepEqual([a?.readiness?.intervalMs, a?.liveness, b?.liveness?.timeoutMs], [2000, undefined, 3000]);
  const own = `children:\n  - { name: a, target: x, liveness_probe_timeout: 3 }\n`;
  assert.deepEqual(
    linesOf(() => loadTree({ file: 't.yaml', cwd: dirWith(t, { 't.yaml': own }) })),
    ['t.yaml:2:27 children[0] (a) liveness_probe_timeout: expected liveness_probe beside it, found none'],
  );
});
