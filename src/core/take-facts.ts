/** From a report into the record: the facts that a node tells of itself. */
import type { Moment } from './clock.js';
import { stillHolds } from './maintenance.js';
import type { NodeRecord, StateReport } from './node-record.js';

/** A state says all there is to say: how an earlier run ended, or an earlier maintenance, is not part of it. */
export function complete(report: StateReport): StateReport {
  const ended = report.phase ? { exitCode: null, signal: null } : {};
  return report.link === 'lost'
    ? { ...ended, ...report }
    : { maintenance: null, insecure: false, ephemeral: false, ...ended, ...report };
}

/** What a report says of a node, in the record that is kept of it. */
export function takeFacts(record: NodeRecord, report: Partial<StateReport>, at: Moment): void {
  const { phase, health } = record;
  if (report.kind !== undefined) record.kind = report.kind;
  if (report.app !== undefined) record.app = report.app;
  if (report.phase !== undefined) record.phase = report.phase;
  if (report.health !== undefined) record.health = report.health;
  if (report.pid !== undefined) record.pid = report.pid;
  if (report.exitCode !== undefined) record.exitCode = report.exitCode;
  if (report.signal !== undefined) record.signal = report.signal;
  if (report.desired !== undefined) record.desired = report.desired;
  if (report.labels !== undefined) record.labels = report.labels;
  if (report.host !== undefined) record.host = report.host;
  if (report.maintenance !== undefined) record.maintenance = stillHolds(report.maintenance, record);
  if (report.insecure !== undefined) record.insecure = report.insecure;
  if (report.ephemeral !== undefined) record.ephemeral = report.ephemeral;
  if (report.reason !== undefined) record.reason = report.reason;
  if (record.phase === phase && record.health === health) return;
  record.factsAt = at;
  record.turnedAt = report.ts ?? record.turnedAt;
}
