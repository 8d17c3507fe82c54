/**
 * Store and forward: what must reach the parent is on disk before anybody below is told that it was taken, is sent in order
 * with a bounded number on the way, and leaves the disk when the parent has acknowledged it. Written, not synced: it survives
 * the process, not a loss of power.
 */
import type { Link, Message } from '../../broker/link.js';
import { setAside } from './aside.js';
import { Backlog } from './backlog.js';
import type { News } from './news.js';
import { Pace } from './pace.js';
import { Waiting } from './waiting.js';

export interface SpoolOptions {
  readonly dir: string;
  /** At which the oldest go. */
  readonly maxBytes: number;
  readonly now: () => number;
  /** Messages a second that are sent of what waited; what comes now is not held to it. */
  readonly rate?: number;
  /** Messages on their way at most. */
  readonly window?: number;
}

interface Sent {
  readonly message: Message;
  readonly settle: () => void;
  acknowledged: boolean;
}

const WINDOW = 256;
/** Below what a parent takes of one client (`max_rate`), so that heartbeats have room. */
const RATE = 4000;

export class Spool {
  /** Messages that an earlier process has left. */
  readonly found: number;
  private readonly backlog: Backlog;
  private readonly pace: Pace;
  private readonly waiting = new Waiting();
  private readonly window: number;
  private onTheWay: Sent[] = [];
  private link: Link | null = null;
  /** Counts connections: an acknowledgement of an earlier one says nothing. */
  private connection = 0;
  private timer: NodeJS.Timeout | null = null;
  private soon: NodeJS.Immediate | null = null;
  private listener: ((news: News) => void) | null = null;
  private untold: News[] = [];

  /** Never throws: what an earlier process has left and can't be read is put aside, and told. */
  constructor(private readonly options: SpoolOptions) {
    const { rate = RATE, window = WINDOW } = options;
    this.window = window;
    this.pace = new Pace(rate);
    this.backlog = new Backlog({
      ...options,
      tell: news => this.tell(news),
      gone: count => this.waiting.settled(count),
    });
    this.found = this.backlog.left;
    this.waiting.added(this.found);
  }

  /** Whoever listens is told what there was to say before, too. */
  listen(listener: (news: News) => void): void {
    this.listener = listener;
    for (const news of this.untold.splice(0)) listener(news);
  }

  /** Messages that wait for the parent, those on their way included. */
  get size(): number {
    return this.backlog.left + this.onTheWay.length;
  }
  get bytes(): number {
    return this.backlog.bytes;
  }

  /** Kept when it returns. Never throws: where the disk takes nothing it is in memory, as is told. */
  readonly add = (message: Message): void => {
    this.waiting.added();
    this.backlog.add(message);
    if (this.isLive && this.backlog.left === 1 && this.onTheWay.length < this.window) this.sendNext();
    else this.pumpSoon();
  };

  /** Sends over this link from now on, whenever it is connected. */
  attach(link: Link): void {
    this.link = link;
    link.on('connected', this.connected);
    link.on('lost', this.lost);
    if (link.state === 'connected') this.connected();
  }

  /** When all that was added until now has reached the parent, or was dropped. */
  caughtUp(): Promise<void> {
    return this.waiting.untilNow();
  }

  /** Waits until nothing is left; false when the deadline (ms) passed first, or there is no connection. */
  async flush(deadlineMs: number): Promise<boolean> {
    if (this.size === 0) return true;
    if (!this.isLive) return false;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>(resolve => {
      timer = setTimeout(() => resolve(false), deadlineMs);
    });
    return Promise.race([this.caughtUp().then(() => true), late]).finally(() => clearTimeout(timer));
  }

  /** Nothing is sent any more; what was not acknowledged stays. */
  close(): void {
    this.link?.off('connected', this.connected);
    this.link?.off('lost', this.lost);
    this.link = null;
    this.connection += 1;
    if (this.timer) clearTimeout(this.timer);
    if (this.soon) clearImmediate(this.soon);
    this.backlog.close();
  }

  private get isLive(): boolean {
    return this.link?.state === 'connected';
  }

  private readonly connected = (): void => {
    this.backlog.tellDropped();
    this.pump();
  };

  /** What was on its way is sent again, first of all. */
  private readonly lost = (): void => {
    this.connection += 1;
    this.backlog.back(this.onTheWay);
    this.onTheWay = [];
  };

  private pumpSoon(): void {
    if (this.soon || this.timer || !this.isLive) return;
    this.soon = setImmediate(() => {
      this.soon = null;
      this.pump();
    });
  }

  private pump(): void {
    while (
      this.isLive &&
      this.timer === null &&
      this.onTheWay.length < this.window &&
      this.backlog.left > 0
    ) {
      const waitMs = this.pace.take();
      if (!this.sendNext()) return;
      if (waitMs === 0) continue;
      this.timer = setTimeout(() => {
        this.timer = null;
        this.pump();
      }, waitMs);
    }
  }

  private sendNext(): boolean {
    const next = this.backlog.next();
    if (!next) return false;
    const { connection } = this;
    const sent: Sent = { ...next, acknowledged: false };
    this.onTheWay.push(sent);
    this.link?.publish(next.message, isRefused => {
      if (connection !== this.connection) return;
      if (isRefused) this.tell(setAside(this.options.dir, this.options.now(), next.message));
      sent.acknowledged = true;
      this.settle();
      this.pumpSoon();
    });
    return true;
  }

  /** In order: where one of them is not acknowledged, it and all behind it are sent again after a restart. */
  private settle(): void {
    let count = 0;
    while (this.onTheWay[count]?.acknowledged) this.onTheWay[count++]?.settle();
    this.onTheWay.splice(0, count);
    this.waiting.settled(count);
    if (this.size === 0) this.backlog.tellDropped();
  }

  private tell(news: News): void {
    if (this.listener) this.listener(news);
    else this.untold.push(news);
  }
}
