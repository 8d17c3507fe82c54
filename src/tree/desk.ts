/** Sends commands to nodes below on somebody's behalf and keeps what became of them. */
import type { Link, Message } from '../../broker/link.js';
import type { Clock } from '../core/clock.js';
import { CanopyError } from '../core/errors.js';
import type { LinkFact } from '../core/facts.js';
import { ancestors } from '../core/names.js';
import type { NodeRecord } from '../core/node-record.js';
import { reachable } from '../core/reach.js';
import type { Registry } from '../core/registry.js';
import { encode } from '../protocol/codec.js';
import type { Command, Result } from '../protocol/payloads.js';
import { TOPICS, topicOf } from '../protocol/topics.js';
import type { IngestListener } from './ingest.js';

export type Tracked = Result & { readonly path: string };

/** Results kept for whoever asks later. */
const KEPT = 1000;
/** Milliseconds after which a command without a final result counts as failed. */
const NO_RESULT_MS = 60_000;

interface Entry {
  readonly op: string;
  readonly message: Message;
  /** Of its hops and of the node itself, as it was sent to them. */
  readonly epochs: Map<string, number | null>;
  latest: Tracked;
  readonly waiting: Set<(result: Tracked) => void>;
  timer: NodeJS.Timeout | null;
}

export class Desk implements IngestListener {
  private readonly entries = new Map<string, Entry>();
  /** Of which the node has not said anything yet, in the order in which they were sent. */
  private readonly unheard = new Set<Entry>();

  constructor(
    private readonly registry: Registry,
    private readonly link: Link,
    private readonly clock: Clock,
    private readonly kept = KEPT,
  ) {}

  /**
   * Throws `not-found` or `node-unreachable`; else the command is on its way. An id known already is not sent again.
   * `patienceMs`: how long it may wait for its turn at the node, which says nothing meanwhile.
   */
  send(path: string, command: Command, patienceMs = 0): Tracked {
    const known = this.entries.get(command.id);
    if (known) return sameCommand(known, path, command);
    reachable(this.registry, path);
    const { qos, retain } = TOPICS.cmd;
    const message = { topic: topicOf(path, 'cmd'), payload: encode('cmd', command), qos, retain };
    const entry = this.open(path, command, message, Math.max(NO_RESULT_MS, patienceMs));
    this.link.publish(message);
    return entry.latest;
  }

  /** What a node, or a hop before it, may have lost with its connection is sent again: an id is never carried out twice. */
  state({ path, link, epoch }: NodeRecord, from: LinkFact | null): void {
    if (link !== 'online') return;
    for (const { message, epochs } of this.unheard) {
      const before = epochs.get(path);
      if (before === undefined || (from === 'online' && before === epoch)) continue;
      epochs.set(path, epoch);
      this.link.publish(message);
    }
  }

  get(id: string): Tracked | null {
    return this.entries.get(id)?.latest ?? null;
  }

  /** The final result, or the latest stage when `ms` have passed. */
  async wait(id: string, ms: number): Promise<Tracked | null> {
    const entry = this.entries.get(id);
    if (!entry || entry.latest.done) return entry?.latest ?? null;
    return new Promise(resolve => {
      const finish = (result: Tracked): void => {
        clearTimeout(timer);
        entry.waiting.delete(finish);
        resolve(result);
      };
      const timer = setTimeout(() => finish(entry.latest), ms);
      entry.waiting.add(finish);
    });
  }

  /** From the tree: a stage of a command arrived on the `res` of a node. */
  result(path: string, result: Result): void {
    const entry = this.entries.get(result.id);
    if (!entry || entry.latest.path !== path || (entry.latest.done && !gaveUp(entry.latest))) return;
    entry.latest = { ...result, path };
    this.heard(entry);
    if (result.done) return this.close(entry);
    // It is alive and at it: the time begins anew.
    if (entry.timer) entry.timer.refresh();
  }

  /** What was sent to the node before it and is not heard of was lost: it would undo, sent again, what has come after it. */
  private heard(entry: Entry): void {
    if (!this.unheard.has(entry)) return;
    for (const earlier of this.unheard) {
      if (earlier.message.topic === entry.message.topic) this.unheard.delete(earlier);
      if (earlier === entry) return;
    }
  }

  stop(): void {
    for (const entry of this.entries.values()) this.close(entry);
  }

  private open(path: string, command: Command, message: Message, patienceMs: number): Entry {
    const latest: Tracked = {
      v: 1,
      id: command.id,
      op: command.op,
      status: 'accepted',
      done: false,
      ts: this.clock.now(),
      path,
    };
    const epochs = new Map(
      [...ancestors(path), path].map(hop => [hop, this.registry.get(hop)?.epoch ?? null] as const),
    );
    const entry: Entry = { op: command.op, message, epochs, latest, waiting: new Set(), timer: null };
    this.unheard.add(entry);
    entry.timer = setTimeout(() => this.giveUp(entry, patienceMs), patienceMs);
    this.entries.set(command.id, entry);
    if (this.entries.size > this.kept) this.forgetOne();
    return entry;
  }

  /** The oldest that is over; where none is, the oldest. */
  private forgetOne(): void {
    let [gone] = this.entries.keys();
    for (const [id, { latest }] of this.entries) {
      if (!latest.done) continue;
      gone = id;
      break;
    }
    this.close(this.entries.get(gone as string) as Entry);
    this.entries.delete(gone as string);
  }

  private giveUp(entry: Entry, patienceMs: number): void {
    const message = `no final result from "${entry.latest.path}" within ${Math.round(patienceMs / 1000)} s`;
    const error = { code: 'no-result', message };
    entry.latest = { ...entry.latest, status: 'failed', done: true, ts: this.clock.now(), error };
    this.close(entry);
  }

  private close(entry: Entry): void {
    if (entry.timer) clearTimeout(entry.timer);
    entry.timer = null;
    this.unheard.delete(entry);
    for (const finish of [...entry.waiting]) finish(entry.latest);
  }
}

/** A result that comes after we gave up is still the true one. */
const gaveUp = (result: Tracked): boolean => result.error?.code === 'no-result';

function sameCommand({ op, latest }: Entry, path: string, command: Command): Tracked {
  if (op === command.op && latest.path === path) return latest;
  const found = `${JSON.stringify(command.op)} to ${JSON.stringify(path)}`;
  throw new CanopyError(
    'id-in-use',
    `the id ${command.id} is that of "${op}" to "${latest.path}", found ${found}`,
  );
}
