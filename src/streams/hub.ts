/** The logs of this node and of all below it, for whoever reads them here: REST, the parent, plain MQTT clients. */
import type { LogItem, LogQuery, LogSource } from '../core/log-lines.js';
import { ancestors } from '../core/names.js';
import type { NodeRecord } from '../core/node-record.js';
import type { Registry } from '../core/registry.js';
import { Cursor } from './cursor.js';
import { Fitting, isLocal } from './filter.js';
import type { Inflows } from './inflows.js';
import { noOwnLog } from './leaf-hub.js';
import { FALLEN_OUT, Live, type Seat } from './live.js';
import type { LogChoice, LogHub } from './port.js';
import { RemoteLog, type Way } from './remote-log.js';
import { noTarget, routeTo } from './route.js';

export interface HubOptions {
  readonly registry: Registry;
  readonly inflows: Inflows;
  /** The node's own log; null where it keeps none. */
  readonly own: LogSource | null;
}

/** Milliseconds between two looks at a node that is waited for, whatever is heard of it. */
const LOOK_MS = 1000;

export class Hub implements LogHub {
  private readonly lives = new Map<string, Live>();
  private readonly waiting = new Set<() => void>();
  private readonly way: Way;

  constructor(private readonly options: HubOptions) {
    const { registry } = options;
    this.way = {
      route: (path, self) => routeTo(registry, path, self),
      change: cut => this.change(cut),
    };
  }

  source(path: string, choice: LogChoice = {}): LogSource {
    if (path === '') return { read: (query, cut) => this.ownLog(choice).read(query, cut) };
    return { read: (query, cut) => this.read(path, choice, query, cut) };
  }

  /** Logs that are followed here, and by how many. */
  get followed(): { readonly path: string; readonly followers: number }[] {
    return [...this.lives].map(([key, live]) => ({ path: key, followers: live.followers }));
  }

  /** Whether the log of a leaf comes here when it is asked for, as far as is known. */
  hears(path: string): boolean {
    return [...ancestors(path), path].some(hop => this.options.inflows.hears(hop));
  }

  /** From the tree: what is known of a node has changed. */
  state(record: NodeRecord): void {
    if (record.link !== 'online') this.options.inflows.forget(record.path);
    for (const hop of this.options.inflows.hops()) {
      const isOnTheWay = hop === record.path || hop.startsWith(`${record.path}/`);
      if (isOnTheWay && record.link !== 'online')
        this.options.inflows.broken(hop, `"${record.path}" is ${record.link}`);
    }
    for (const wake of [...this.waiting]) wake();
  }

  private ownLog({ self }: LogChoice): LogSource {
    if (!self) throw noTarget('', 'node with a broker');
    if (this.options.own) return this.options.own;
    throw noOwnLog();
  }

  private async *read(
    path: string,
    choice: LogChoice,
    query: LogQuery,
    cut: AbortSignal,
  ): AsyncGenerator<LogItem, void, undefined> {
    if (query.follow) yield* this.follow(path, choice, query, cut);
    else yield* new RemoteLog(path, choice, this.options.inflows, this.way).read(query, cut);
  }

  /** What is stored first, by a stream of one's own; then what all followers are sent, until it is cut. */
  private async *follow(
    path: string,
    choice: LogChoice,
    { follow: _, ...query }: LogQuery,
    cut: AbortSignal,
  ): AsyncGenerator<LogItem, void, undefined> {
    const cursor = new Cursor(query.after ?? 0);
    // Where to begin; of what is written from then on all is wanted, whatever a clock that was set back stamps on it.
    const { tail: _tail, since: _since, ...lasting } = query;
    let remote = new RemoteLog(path, choice, this.options.inflows, this.way);
    let stored: LogQuery | null = this.isAtHand(path, choice, query) ? null : query;
    while (!cut.aborted) {
      cursor.rewind();
      if (stored) yield* fromStore(remote.read(stored, cut), cursor);
      const patient = { ...choice, wait: true };
      remote = new RemoteLog(path, patient, this.options.inflows, this.way);
      if (!isLocal(query)) return yield* remote.read({ ...lasting, after: cursor.seq, follow: true }, cut);
      yield* this.watch(path, patient, lasting, cursor, cut);
      stored = { ...lasting, after: cursor.seq };
    }
  }

  /** Whether what it asks for is in what all followers are sent. */
  private isAtHand(path: string, { self }: LogChoice, query: LogQuery): boolean {
    const ring = this.lives.get(keyOf(path, self))?.ring;
    const { after, tail, since } = query;
    if (!ring || after === undefined || tail !== undefined || since !== undefined) return false;
    return ring.floor <= after && after <= ring.last && isLocal(query);
  }

  /** Ends where the reader has fallen too far behind. */
  private async *watch(
    path: string,
    choice: LogChoice,
    query: LogQuery,
    cursor: Cursor,
    cut: AbortSignal,
  ): AsyncGenerator<LogItem, void, undefined> {
    const seat = cut.aborted ? null : this.seat(path, choice, cursor.seq);
    if (!seat) return;
    const fitting = new Fitting(query);
    try {
      for (;;) {
        const item = await seat.item(cut);
        if (item === null || item === FALLEN_OUT) return;
        const news = newsOf(item, cursor);
        if (news?.kind === 'lines') yield* fitting.take(news);
        else if (news) {
          fitting.reset();
          yield news;
        }
      }
    } finally {
      if (fitting.holdsBack) cursor.forget();
      seat.leave();
    }
  }

  private seat(path: string, choice: LogChoice, seq: number): Seat | null {
    const key = keyOf(path, choice.self);
    const live = this.lives.get(key);
    if (live) return live.join(seq);
    const source = new RemoteLog(path, choice, this.options.inflows, this.way);
    const begun = new Live(source, seq, () => this.lives.delete(key));
    this.lives.set(key, begun);
    return begun.join(seq);
  }

  private change(cut: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const settle = (): void => {
        clearTimeout(timer);
        cut.removeEventListener('abort', settle);
        this.waiting.delete(settle);
        resolve();
      };
      const timer = setTimeout(settle, LOOK_MS);
      this.waiting.add(settle);
      if (cut.aborted) settle();
      else cut.addEventListener('abort', settle, { once: true });
    });
  }
}

const keyOf = (path: string, self?: boolean): string => (self ? `${path} (self)` : path);

type News = Exclude<LogItem, { kind: 'end' }>;

const newsOf = (item: News, cursor: Cursor): News | null =>
  item.kind === 'lines' ? cursor.take(item) : cursor.takeGap(item);

/** All but the end, up to which everything has then been looked at. */
async function* fromStore(
  items: AsyncIterable<LogItem>,
  cursor: Cursor,
): AsyncGenerator<LogItem, void, undefined> {
  for await (const item of items) {
    if (item.kind === 'end') return cursor.reach(item.last ?? 0);
    const news = newsOf(item, cursor);
    if (news) yield news;
  }
}
