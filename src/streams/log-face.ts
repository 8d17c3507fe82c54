/**
 * The logs that this node says on `log` at its own broker: of each leaf that somebody follows here, be it by a command or
 * by a subscription to that very topic.
 */
import type { Link } from '../../broker/link.js';
import type { Clock } from '../core/clock.js';
import { Leases } from '../core/leases.js';
import type { LogQuery } from '../core/log-lines.js';
import type { NodeRecord } from '../core/node-record.js';
import type { Registry } from '../core/registry.js';
import { splitTopic, topicOf } from '../protocol/topics.js';
import { LEASE_MS } from './limits.js';
import type { LogHub } from './port.js';
import { speak } from './voice.js';

export interface LogFaceOptions {
  readonly hub: LogHub;
  /** The node's own, to its own broker. */
  readonly link: Link;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly audience: {
    /** A client has subscribed to this topic, `+` for names allowed. */
    asksFor(topic: string): boolean;
    /** A client would be sent what is published there. */
    hears(topic: string): boolean;
  };
  /** Resolves when they take more. */
  readonly ready: (topic: string) => Promise<unknown>;
  /** What is said here is carried on to somebody who is not seen here: a plain broker above. */
  readonly isCarriedOn: () => boolean;
  readonly log: { warn(fields: object, message: string): void };
  readonly leaseMs?: number;
}

const SWEEP_MS = 1000;
/** Milliseconds until a log that could not be read is tried again. */
const AGAIN_MS = 5000;

const FROM_NOW: LogQuery = { tail: 0, follow: true };

interface Said {
  readonly cut: AbortController;
  failedAt: number | null;
}

export class LogFace {
  private readonly leases = new Leases();
  /** Where those who sent a `follow` want to begin. */
  private readonly leased = new Map<string, LogQuery>();
  private readonly said = new Map<string, Said>();
  private timer: NodeJS.Timeout | null = null;
  private stopped = false;

  constructor(private readonly options: LogFaceOptions) {}

  stop(): void {
    this.stopped = true;
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
    this.leased.clear();
    for (const path of [...this.said.keys()]) this.hush(path);
  }

  /** Whether this node says the log of that path here, so that nobody else need. */
  says(path: string): boolean {
    return this.said.has(path);
  }

  /** A client has begun or ceased to hold a filter. */
  audience(filter: string): void {
    const place = splitTopic(filter);
    // Not from within the broker's handling of it.
    setImmediate(() => {
      if (place?.channel === 'log') for (const path of this.meant(place.path)) this.look(path);
      else for (const path of [...this.leased.keys()]) this.look(path);
    });
  }

  /** Paths of leaves that a subscription may concern. */
  private meant(pattern: string): string[] {
    if (!pattern.includes('+')) return [pattern];
    const leaves = [...this.options.registry.all()].filter(({ kind }) => kind === 'leaf');
    return [...this.said.keys(), ...leaves.map(({ path }) => path)];
  }

  /** From the tree: a leaf may have come. */
  state({ path, kind }: NodeRecord): void {
    if (kind === 'leaf' && !this.said.has(path)) setImmediate(() => this.look(path));
  }

  follow(path: string, query: LogQuery): void {
    const { clock, leaseMs = LEASE_MS } = this.options;
    this.leases.renew(path, clock.mono(), leaseMs);
    // It goes on where it is said already; and an earlier wish is nobody's any more where it is not.
    if (!this.said.has(path)) this.leased.set(path, query);
    else if (!this.leased.has(path)) this.leased.set(path, FROM_NOW);
    this.look(path);
  }

  unfollow(path: string): void {
    this.leases.drop(path);
    this.leased.delete(path);
    this.look(path);
  }

  /** Begins or ends to say a log, as is called for now. */
  private look(path: string): void {
    if (this.stopped) return;
    const { audience, isCarriedOn, registry } = this.options;
    const topic = topicOf(path, 'log');
    const isLeased = this.leased.has(path) && (audience.hears(topic) || isCarriedOn());
    const isWanted = audience.asksFor(topic) || isLeased;
    if (!isWanted) this.hush(path);
    else if (!this.said.has(path) && registry.get(path)?.kind === 'leaf') this.say(path, topic);
    this.keepTime();
  }

  private say(path: string, topic: string): void {
    const { hub, link, registry, clock, ready, log } = this.options;
    const said: Said = { cut: new AbortController(), failedAt: null };
    this.said.set(path, said);
    const wish = this.leased.get(path);
    const query = wish ?? FROM_NOW;
    const voice = { link, topic, epoch: () => registry.get(path)?.epoch ?? null, ready: () => ready(topic) };
    speak(hub.source(path, { wait: true }), query, voice, said.cut.signal).catch((err: Error) => {
      log.warn({ err, path }, `the log of "${path}" is not told: ${err.message}`);
      said.failedAt = clock.mono();
      // A `follow` from where there is nothing yet: whom it is sent to says so, and others are not to suffer for it.
      if (wish !== undefined && this.leased.get(path) === wish) this.forgo(path);
    });
  }

  private forgo(path: string): void {
    this.hush(path);
    this.unfollow(path);
  }

  private hush(path: string): void {
    this.said.get(path)?.cut.abort();
    this.said.delete(path);
  }

  private keepTime(): void {
    const isIdle = this.leased.size === 0 && this.said.size === 0;
    if (isIdle && this.timer) clearInterval(this.timer);
    if (isIdle) this.timer = null;
    else this.timer ??= setInterval(() => this.sweep(), SWEEP_MS);
  }

  private sweep(): void {
    const now = this.options.clock.mono();
    for (const path of this.leases.expired(now, SWEEP_MS)) this.unfollow(path);
    for (const path of [...this.leased.keys()]) this.look(path);
    for (const [path, { failedAt }] of [...this.said]) {
      if (failedAt === null || now - failedAt < AGAIN_MS) continue;
      this.hush(path);
      this.look(path);
    }
    this.keepTime();
  }
}
