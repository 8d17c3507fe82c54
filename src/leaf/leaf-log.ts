/** What a leaf writes to its own log about its target: each turn once, those that want a look as warnings. */
import type { TargetModel } from '../core/phases.js';
import type { Finding } from '../core/probes.js';
import type { LeafOptions } from './options.js';

export function logChange(log: LeafOptions['log'], now: TargetModel, before: TargetModel): void {
  if (now.phase === before.phase) return;
  const crashed =
    now.phase === 'backoff' ||
    now.phase === 'failed' ||
    (before.phase === 'running' && now.phase === 'starting');
  const fields = { pid: now.pid, from: before.phase, to: now.phase, reason: now.reason };
  log[crashed ? 'warn' : 'info'](fields, 'target');
}

export function logFinding(log: LeafOptions['log'], now: Finding, before: Finding): void {
  if (now.health === before.health) return;
  const level = now.health === 'failing' || now.health === 'warning' ? 'warn' : 'info';
  log[level]({ from: before.health, to: now.health, reason: now.reason }, 'health');
}
