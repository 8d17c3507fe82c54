/** What a node with a broker counts, as metrics. */
import { readdirSync } from 'node:fs';
import { STATUSES } from '../core/facts.js';
import type { Tally } from '../core/tally.js';
import { verdict } from '../core/verdict.js';
import type { Metric, Sample } from '../rest/metrics.js';
import type { NodeContainer } from './container.js';
import { ALERTS, AUDIT, BROKER, COUNTS, DEAD_MAN, HISTORY, OUTBOX, REGISTRY, TREE } from './tokens.js';
import { VERSION } from './version.js';

/** Refusals of the broker that are limits crossed, as they are named there. */
const LIMIT_CODES: ReadonlySet<string> = new Set([
  'bad-topic',
  'connect-timeout',
  'malformed-packet',
  'queue-full',
  'retained-full',
  'slow-subscriber',
  'too-fast',
  'slow-down',
  'too-large',
  'too-many-clients',
  'too-many-from-address',
  'too-many-inflight',
  'too-many-logins',
  'too-many-sessions',
  'too-many-subscriptions',
  'tree-full',
]);

export function metricsOf(node: NodeContainer): readonly Metric[] {
  return [
    ...ofTree(node),
    ...ofListeners(node),
    ...ofAudit(node),
    ...ofAlerts(node),
    ...ofHistory(node),
    ...ofProcess(),
  ];
}

function ofTree(node: NodeContainer): Metric[] {
  const registry = node.get(REGISTRY);
  const counts = new Map<string, number>(STATUSES.map(status => [status, 0]));
  for (const record of registry.all()) {
    const { status } = verdict(registry, record);
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  return [
    gauge('canopy_nodes', 'Nodes known here, this one included, by status.', by('status', counts)),
    counter('canopy_heartbeats_total', 'Heartbeats taken from nodes.', one(node.get(COUNTS).heartbeats)),
    counter(
      'canopy_refusals_total',
      'What the broker or bridge refused, by code.',
      by('code', node.get(TREE).refusals.counts),
    ),
  ];
}

function ofListeners(node: NodeContainer): Metric[] {
  const { sockets, clients } = node.get(BROKER).connections;
  const { limits, authentications } = node.get(COUNTS);
  const refused = [...node.get(TREE).refusals.counts].filter(([code]) => LIMIT_CODES.has(code));
  return [
    gauge('canopy_mqtt_clients', 'MQTT clients that are let in.', one(clients)),
    gauge('canopy_mqtt_sockets', 'MQTT sockets that are open.', one(sockets)),
    counter('canopy_limit_crossings_total', 'Limits that somebody crossed.', [
      ...by('limit', limits),
      ...by('limit', refused),
    ]),
    counter(
      'canopy_authentications_total',
      'Attempts to prove who one is, by way and outcome.',
      byWay(authentications),
    ),
  ];
}

function ofAudit(node: NodeContainer): Metric[] {
  const { written, unwritten, lost } = node.get(AUDIT).counts;
  return [
    counter('canopy_audit_entries_total', 'Entries of the audit log, by what became of them.', [
      [{ outcome: 'written' }, written],
      [{ outcome: 'counted' }, unwritten],
      [{ outcome: 'lost' }, lost],
    ]),
  ];
}

function ofAlerts(node: NodeContainer): Metric[] {
  const [outbox, open] = [node.get(OUTBOX), node.get(ALERTS).list()];
  const told = open.filter(({ owner }) => owner === 'us').length;
  return [
    gauge('canopy_alerts_open', 'Alerts that are open, by who tells of them.', [
      [{ told: 'here' }, told],
      [{ told: 'above' }, open.length - told],
    ]),
    gauge(
      'canopy_alerts_pending',
      'Messages of alerts that wait, by receiver.',
      by('receiver', outbox.waiting()),
    ),
    counter(
      'canopy_alert_messages_total',
      'Messages of alerts by receiver and outcome; failed: one attempt.',
      byReceiver(outbox.counts),
    ),
    counter(
      'canopy_deadman_beats_total',
      'Beats of the dead man, by outcome.',
      by('outcome', node.get(DEAD_MAN).counts),
    ),
  ];
}

function ofHistory(node: NodeContainer): Metric[] {
  const store = node.get(HISTORY)?.store;
  if (!store) return [];
  return [
    gauge(
      'canopy_history_ok',
      '1: what happens is kept on disk; 0: in memory, the store cannot be used.',
      one(store.ledger.isOnDisk ? 1 : 0),
    ),
    gauge(
      'canopy_history_bytes',
      'Keys and values of what is kept, before compression.',
      one(store.meta.bytes),
    ),
    counter('canopy_history_entries_total', 'Entries of history, by what became of them.', [
      [{ outcome: 'written' }, store.counts.written],
      [{ outcome: 'lost' }, store.counts.lost],
    ]),
  ];
}

function ofProcess(): Metric[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return [
    gauge('canopy_build_info', 'The version, as a label.', [
      [{ version: VERSION, node: process.version }, 1],
    ]),
    counter('process_cpu_seconds_total', 'CPU time of this process.', one((user + system) / 1e6)),
    gauge('process_resident_memory_bytes', 'Resident memory of this process.', one(rss)),
    gauge(
      'process_start_time_seconds',
      'When it was started, since the Unix epoch.',
      one(Math.round(performance.timeOrigin) / 1000),
    ),
    gauge('process_open_fds', 'Open file descriptors.', openFiles()),
    gauge('nodejs_heap_used_bytes', 'Used heap of V8.', one(heapUsed)),
  ];
}

/** None where there is no /proc. */
function openFiles(): Sample[] {
  try {
    return one(readdirSync('/proc/self/fd').length - 1);
  } catch {
    return [];
  }
}

type Values = readonly Sample[];
const gauge = (name: string, help: string, values: Values): Metric => ({ name, type: 'gauge', help, values });
const counter = (name: string, help: string, values: Values): Metric => ({
  ...{ name, type: 'counter', help, values },
});
const one = (value: number): Sample[] => [[{}, value]];
const by = (label: string, counts: Iterable<readonly [string, number]>): Sample[] =>
  [...counts].map(([name, count]) => [{ [label]: name }, count]);

/** Named `rest ok`, `mqtt revoked`, …. */
const byWay = (counts: Tally): Sample[] =>
  [...counts].map(([name, count]) => {
    const [via = '', outcome = ''] = name.split(' ');
    return [{ via, outcome }, count];
  });

/** Named `on-call delivered`, …: the names of receivers have no spaces. */
const byReceiver = (counts: Tally): Sample[] =>
  [...counts].map(([name, count]) => {
    const [receiver = '', outcome = ''] = name.split(' ');
    return [{ receiver, outcome }, count];
  });
