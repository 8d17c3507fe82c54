/** What history is made of. `at`: ms since the Unix epoch by this node's clock, when it became so; `id` rises with each. */
import type { Status } from '../core/facts.js';
import type { Incident } from '../core/incidents.js';
import type { NodeRecord } from '../core/node-record.js';
import type { Transition } from '../core/transition.js';
import type { NodeEvent } from '../protocol/payloads.js';

/** Facts of a node at that moment, as in its state message. */
export type Facts = Pick<NodeRecord, 'link' | 'phase' | 'health' | 'pid' | 'exitCode' | 'signal'>;

interface Any {
  readonly id: number;
  readonly at: number;
  readonly path: string;
  readonly app: string | null;
}

export interface StateEntry extends Any, Omit<Transition, 'to' | 'at' | 'path' | 'app'> {
  readonly type: 'state';
  /** Null: it was forgotten. */
  readonly status: Status | null;
  readonly facts: Facts | null;
}

/** `path`: the node concerned; `source`: the one that tells of it. */
export interface EvtEntry extends Any {
  readonly type: 'evt';
  readonly source: string;
  readonly event: NodeEvent;
}

export interface IncidentEntry extends Any {
  readonly type: 'incident';
  readonly incident: Incident;
}

/** It ends with `until` if nothing is heard before. */
export interface MaintenanceEntry extends Any {
  readonly type: 'maintenance';
  readonly on: boolean;
  readonly since: number;
  readonly until: number | null;
  readonly by: string;
}

/** This node itself was not there to see anything from `since` to `at`. */
export interface ObserverEntry extends Any {
  readonly type: 'observer';
  readonly since: number;
  readonly reason: string;
}

export type HistoryEntry = StateEntry | EvtEntry | IncidentEntry | MaintenanceEntry | ObserverEntry;
/** Before it has its number. */
export type Draft = HistoryEntry extends infer E ? (E extends HistoryEntry ? Omit<E, 'id'> : never) : never;

/** Null for what is none: one that cannot be read is passed over. */
export function entryOf(text: string): HistoryEntry | null {
  try {
    const entry = JSON.parse(text) as HistoryEntry;
    const isOne = areNumbers(entry.id, entry.at) && isText(entry.path) && isOrNull(isText, entry.app);
    return isOne && hasWhatItNeeds(entry) ? entry : null;
  } catch {
    return null;
  }
}

/** A block of a store is not checked by its sum each time that it is read. */
function hasWhatItNeeds(entry: HistoryEntry): boolean {
  switch (entry.type) {
    case 'state': {
      const { status, facts, labels } = entry;
      return isOrNull(isText, status) && isOrNull(isRecord, facts) && isRecord(labels);
    }
    case 'evt':
      return isText(entry.source) && isRecord(entry.event) && isText(entry.event.event);
    case 'incident': {
      const { path, openedAt, closedAt } = entry.incident;
      return isText(path) && areNumbers(openedAt, closedAt ?? 0);
    }
    case 'maintenance':
      return typeof entry.on === 'boolean' && areNumbers(entry.since, entry.until ?? 0);
    case 'observer':
      return areNumbers(entry.since);
    default:
      return false;
  }
}

const areNumbers = (...values: unknown[]): boolean => values.every(Number.isSafeInteger);
const isText = (value: unknown): boolean => typeof value === 'string';
const isRecord = (value: unknown): boolean => typeof value === 'object' && value !== null;
const isOrNull = (is: (value: unknown) => boolean, value: unknown): boolean => value === null || is(value);
