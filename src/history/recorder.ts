/** Makes entries of what changes below, and of the events that come; knows what is open. */
import type { Clock } from '../core/clock.js';
import { type Incident, incidentAfter } from '../core/incidents.js';
import type { Maintenance } from '../core/maintenance.js';
import { pathProblem, topName } from '../core/names.js';
import type { NodeRecord } from '../core/node-record.js';
import type { Registry } from '../core/registry.js';
import type { Transition } from '../core/transition.js';
import type { NodeEvent } from '../protocol/payloads.js';
import type { ToldAlert } from '../protocol/told-alert.js';
import type { IngestListener } from '../tree/ingest.js';
import type { Draft, Facts, HistoryEntry, StateEntry } from './entries.js';
import { baseKey, currentKey, incidentKey, maintenanceKey } from './keys.js';
import { put } from './ops.js';
import type { Op } from './shelf.js';

export interface RecorderPorts {
  readonly registry: Pick<Registry, 'get'>;
  readonly clock: Clock;
  readonly add: (draft: Draft) => number;
  /** What a time by the clock of a node is by ours. */
  readonly when: (path: string, ts: number) => number;
  /** Whether so many bytes more of what is told at a path may be kept. */
  readonly mayKeep: (path: string, bytes: number) => boolean;
}

export class Recorder implements IngestListener {
  private readonly current = new Map<string, StateEntry>();
  private readonly incidents = new Map<string, Incident>();
  private readonly maintenance = new Map<string, Maintenance>();
  /** Of nodes that tell more than is kept: the last of each, to be kept when there is room. */
  private readonly held = new Map<string, Transition>();
  /** Events that were not kept, by child, since that was last told. */
  private readonly left = new Map<string, number>();

  constructor(private readonly ports: RecorderPorts) {}

  /** What an earlier run has left open. */
  recall(entry: HistoryEntry): void {
    if (entry.type === 'state') this.current.set(entry.path, entry);
    if (entry.type === 'incident') this.incidents.set(entry.path, entry.incident);
    if (entry.type === 'maintenance') this.maintenance.set(entry.path, entry);
  }

  /** The newest of each node that is known. */
  states(): IterableIterator<StateEntry> {
    return this.current.values();
  }
  newest(path: string): StateEntry | undefined {
    return this.current.get(path);
  }
  openIncidents(): IterableIterator<Incident> {
    return this.incidents.values();
  }
  maintained(path: string): Maintenance | undefined {
    return this.maintenance.get(path);
  }

  /** For a store that begins anew: all of it as it is now, from now on. */
  basis(): Op[] {
    const now = this.ports.clock.now();
    const states = [...this.current.values()].flatMap(entry => {
      const value = JSON.stringify({ ...entry, at: now });
      return [put(currentKey(entry.path), value), put(baseKey(entry.path), value)];
    });
    const incidents = [...this.incidents.values()].map(incident =>
      put(incidentKey(incident.path), JSON.stringify({ id: 0, ...incidentDraft(incident, now) })),
    );
    const maintenance = [...this.maintenance].map(([path, each]) =>
      put(maintenanceKey(path), JSON.stringify({ id: 0, ...this.maintenanceDraft(path, each, now, true) })),
    );
    return [...states, ...incidents, ...maintenance];
  }

  readonly transition = (told: Transition): void => {
    if (told.to !== null && !this.ports.mayKeep(told.path, bytesOf(told))) {
      this.held.set(told.path, told);
      return;
    }
    this.held.delete(told.path);
    this.keep(told);
  };

  /** What was held back and still differs from what was kept last. */
  release(): void {
    for (const [child, count] of this.left) this.ports.add(leftOut(child, count, this.ports.clock.now()));
    this.left.clear();
    for (const [path, told] of this.held) {
      const from = this.current.get(path)?.status ?? null;
      if (from !== told.to && !this.ports.mayKeep(path, bytesOf(told))) continue;
      this.held.delete(path);
      if (from !== told.to) this.keep({ ...told, from });
    }
  }

  private keep(told: Transition): void {
    const { path, app, at, to, ...rest } = told;
    const record = this.ports.registry.get(path);
    const draft = {
      type: 'state',
      path,
      app,
      at,
      status: to,
      ...rest,
      facts: record ? factsOf(record) : null,
    } as const;
    const id = this.ports.add(draft);
    if (to === null) this.current.delete(path);
    else this.current.set(path, { ...draft, id });
    const incident = incidentAfter(this.incidents.get(path), told);
    if (!incident) return;
    if (incident.closedAt === null) this.incidents.set(path, incident);
    else this.incidents.delete(path);
    this.ports.add(incidentDraft(incident, at));
  }

  event(source: string, event: NodeEvent): void {
    const below = event.path !== undefined && pathProblem(event.path) === null ? event.path : '';
    const path = source && below ? `${source}/${below}` : source || below;
    const app = this.ports.registry.get(path)?.app ?? null;
    const at = this.ports.when(source, event.ts);
    const told = known(event);
    if (this.ports.mayKeep(source, bytesOf(told)))
      this.ports.add({ type: 'evt', at, path, app, source, event: told });
    else this.left.set(topName(source), (this.left.get(topName(source)) ?? 0) + 1);
  }

  state({ path, maintenance }: NodeRecord): void {
    const before = this.maintenance.get(path);
    if (before?.since === maintenance?.since && before?.until === maintenance?.until) return;
    if (before) this.endOf(path, before);
    if (!maintenance) return;
    this.maintenance.set(path, maintenance);
    this.ports.add(this.maintenanceDraft(path, maintenance, this.ports.clock.now(), true));
  }

  readonly lifted = (record: NodeRecord): void => this.state(record);

  forgotten(paths: readonly string[]): void {
    for (const path of paths) {
      const maintenance = this.maintenance.get(path);
      if (maintenance) this.endOf(path, maintenance);
    }
  }

  private endOf(path: string, maintenance: Maintenance): void {
    this.maintenance.delete(path);
    const now = this.ports.clock.now();
    this.ports.add(this.maintenanceDraft(path, maintenance, Math.min(now, maintenance.until ?? now), false));
  }

  private maintenanceDraft(path: string, { since, until, by }: Maintenance, at: number, on: boolean) {
    const app = this.ports.registry.get(path)?.app ?? null;
    return { type: 'maintenance', at, path, app, on, since, until, by } as const;
  }
}

/** About what an entry of it takes, its keys and an incident included. */
const BESIDE = 400;
const bytesOf = (told: object): number => BESIDE + Buffer.byteLength(JSON.stringify(told));

function leftOut(child: string, count: number, ts: number) {
  const reason = `${count} events of "${child}" were not kept: it tells more than its share of the history`;
  const event = { v: 1, epoch: 0, seq: 0, ts, event: 'refused', code: 'slow-down', reason, count } as const;
  return { type: 'evt', at: ts, path: child, app: null, source: '', event } as const;
}

const incidentDraft = (incident: Incident, at: number) =>
  ({ type: 'incident', at, path: incident.path, app: incident.app, incident }) as const;

const factsOf = ({ link, phase, health, pid, exitCode, signal }: NodeRecord): Facts => ({
  link,
  phase,
  health,
  pid,
  exitCode,
  signal,
});

/** Whatever else a message held is not kept for weeks. */
const known = (told: NodeEvent): NodeEvent => {
  const { v, epoch, seq, ts, event, path, from, to, code, reason, since, count, alert } = told;
  return {
    ...{ v, epoch, seq, ts, event, reason },
    ...(path !== undefined && pathProblem(path) === null && { path }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(code !== undefined && { code }),
    ...(since !== undefined && { since }),
    ...(count !== undefined && { count }),
    ...(alert !== undefined && { alert: knownAlert(alert) }),
  };
};

const knownAlert = (alert: ToldAlert): ToldAlert => {
  const { id, rule, severity, status, kind, app, cause, hidden, since, dueAt, acked } = alert;
  const seen = acked && { by: acked.by, at: acked.at };
  return { id, rule, severity, status, kind, app, cause, hidden, since, dueAt, acked: seen };
};
