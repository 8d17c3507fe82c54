/** History as REST shows it: contract section 2 says what a state and an event hold, and beside them stands where and when. */
import type { HistoryEntry, StateEntry } from '../history/entries.js';
import type { NodeView } from './views.js';

export function entryView(entry: HistoryEntry): object {
  const { id, type, at, path, app } = entry;
  const head = { id, type, at, path };
  switch (entry.type) {
    case 'state':
      return { ...head, ...stateView(entry) };
    case 'evt':
      return { ...head, app, source: entry.source, ...withoutPath(entry.event) };
    case 'incident':
      return { ...head, app, incident: entry.incident };
    case 'maintenance': {
      const { on, since, until, by } = entry;
      return { ...head, app, on, since, until, by };
    }
    case 'observer':
      return { ...head, app, since: entry.since, reason: entry.reason };
  }
}

function stateView({
  at,
  kind,
  app,
  epoch,
  status,
  from,
  cause,
  reason,
  hidden,
  facts,
  ...entry
}: StateEntry) {
  const { maintenance, flapping, labels } = entry;
  const {
    link = null,
    phase = null,
    health = null,
    pid = null,
    exitCode = null,
    signal = null,
  } = facts ?? {};
  const told = { v: 1, epoch, ts: at, kind, app, link, phase, health, reason, pid, exitCode, signal };
  return { ...told, labels, status, from, cause, hidden, maintenance, flapping };
}

/** That of the node concerned stands beside it. */
function withoutPath<T extends { path?: string }>({ path: _path, ...event }: T): Omit<T, 'path'> {
  return event;
}

/** How a node is now, as its last state would say it. */
export function snapshotView(node: NodeView): object {
  const { path, kind, app, epoch, since, link, phase, health, reason, pid, exitCode, signal } = node;
  const told = { v: 1, epoch, ts: since, kind, app, link, phase, health, reason, pid, exitCode, signal };
  const { labels, status, cause, blockedBy, maintenance } = node;
  const judged = { labels, status, cause, blockedBy, maintenance: maintenance !== null };
  return { type: 'state', at: since, path, ...told, ...judged, snapshot: true };
}
