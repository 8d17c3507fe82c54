import type { Link, LinkError, Message } from './link.js';
import type { Refusal, TopicRules } from './rules.js';
import { downFilters, imported, isRefusal, shown, type TopicLimits } from './topics.js';
import { channelOf, qosOf, Upward } from './upward.js';

export interface BridgeOptions {
  /** This node's own broker, as its owner. */
  readonly local: Link;
  /** The parent's broker. */
  readonly up: Link;
  /** This node's name at its parent. */
  readonly name: string;
  readonly rules: TopicRules;
  /** A message that can't pass, with its topic on the side it came from; or, without one, a parent that refuses. */
  readonly onRefused: (event: Refusal & { readonly message?: Message }) => void;
  /** Topics of this broker that go no further up for now, whatever the rules say. */
  readonly staysHere?: (topic: string) => boolean;
  readonly limits?: Partial<TopicLimits & { readonly maxPacketBytes: number }>;
  readonly keeper?: Keeper;
}

/** Keeps what must not be lost until the parent has it, and sends it. */
export interface Keeper {
  readonly channels: ReadonlySet<string>;
  /** Kept when it returns. */
  readonly add: (message: Message) => void;
  /** When the parent has all that was added until now. */
  caughtUp(): Promise<void>;
}

/** Retained messages sent at once: more would push others out of the uplink's bounded queue. */
const SNAPSHOT_CHUNK = 256;
const CHUNK_DEADLINE_MS = 1000;

/** Joins two links: what flows up gets this node's name, what flows down loses it. The two are disjoint: no loops. */
export class Bridge {
  readonly #upward: Upward;
  /** Topics, as the parent sees them, that it has retained from us. */
  readonly #held = new Set<string>();
  /** What the snapshot under way has still to send; a live message takes its older copy out. */
  #pending = new Map<string, Message>();
  /** Live topics since the local store was asked for the snapshot under way. */
  #overtaken: Set<string> | null = null;
  /** Counts connections, so that a snapshot for an earlier one ends. */
  #connection = 0;
  #running = false;
  readonly #onConnected = () => {
    if (this.options.up.state === 'connected') void this.#snapshot();
  };

  constructor(private readonly options: BridgeOptions) {
    this.#upward = new Upward(options);
  }

  /** Resolves when the local side is subscribed; the parent may come later, and come and go. Once only. */
  async start(): Promise<void> {
    const { local, up, rules, name } = this.options;
    this.#running = true;
    await local.subscribe([`${rules.prefix}/#`], message => this.#export(message));
    up.on('connected', this.#onConnected);
    // A foreign local broker that comes back may have changed what it retains.
    local.on('connected', this.#onConnected);
    // Resolves when the parent grants it, which may be never; on closing it is rejected.
    up.subscribe(downFilters(rules, name), message => this.#import(message)).catch((error: LinkError) => {
      if (!this.#running || error.code !== 'refused') return;
      this.options.onRefused({
        code: 'not-authorized',
        reason: `no commands from the parent: ${error.message}`,
      });
    });
    if (up.state === 'connected') await this.#snapshot();
  }

  /** Nothing passes from now on; the links are the caller's to close. */
  stop(): void {
    this.#running = false;
    this.#connection++;
    this.options.up.off('connected', this.#onConnected);
    this.options.local.off('connected', this.#onConnected);
  }

  /** Keeps a message that this broker lets in, where it is one to keep: to be called before its sender is told that it was taken. */
  readonly keep = (message: Message): void => {
    if (!this.#isKept(message.topic)) return;
    const above = this.#upward.above(message);
    if (!above) return;
    if (above.retain) {
      this.#pending.delete(above.topic);
      this.#overtaken?.add(above.topic);
      // One that was forgotten stays: the next snapshot says so again, should this word be dropped on its way.
      if (above.payload.length > 0) this.#held.add(above.topic);
    }
    this.options.keeper?.add(above);
  };

  #isKept(topic: string): boolean {
    return this.options.keeper?.channels.has(channelOf(topic)) ?? false;
  }

  #export(message: Message): void {
    if (!this.#running || this.#isKept(message.topic) || this.options.staysHere?.(message.topic)) return;
    const above = this.#upward.above(message);
    if (!above) return;
    if (!above.retain) {
      this.options.up.publish(above);
      return;
    }
    // The subscription's replay of the store: the snapshot sends that.
    if (message.retain) return;
    this.#pending.delete(above.topic);
    this.#overtaken?.add(above.topic);
    // The snapshot at the next connection has the newest of these; older ones need not queue for it.
    if (this.options.up.state === 'connected') this.#sendRetained(above);
  }

  #import(message: Message): void {
    if (!this.#running) return;
    const { rules, name, local } = this.options;
    const topic = imported(rules, name, message.topic);
    if (topic === null) return;
    if (isRefusal(topic)) this.options.onRefused({ ...topic, message });
    else if (message.retain) {
      const reason = `a stored command would fire at every reconnect: ${shown(message.topic)}`;
      this.options.onRefused({ code: 'retained-command', reason, message });
    } else local.publish({ topic, payload: message.payload, qos: qosOf(rules, topic), retain: false });
  }

  #sendRetained(message: Message): void {
    if (message.payload.length === 0) this.#held.delete(message.topic);
    else this.#held.add(message.topic);
    this.options.up.publish(message);
  }

  /** All that is retained here, and the end of what no longer is: a new connection may be to a parent that knows nothing. */
  async #snapshot(): Promise<void> {
    const connection = ++this.#connection;
    // Older states of the same nodes are on their way.
    if (this.options.keeper) await this.options.keeper.caughtUp();
    if (connection !== this.#connection) return;
    this.#overtaken = new Set();
    const stored = await this.options.local.retained(`${this.options.rules.prefix}/#`).catch(() => null);
    if (connection !== this.#connection) return;
    const overtaken = this.#overtaken;
    this.#overtaken = null;
    // The local broker is gone: so is this node, soon, or there will be another connection.
    if (!stored) return;
    this.#pending = new Map();
    const present = new Set<string>();
    for (const message of stored) {
      const above = this.#upward.above(message);
      if (!above?.retain) continue;
      present.add(above.topic);
      if (!overtaken.has(above.topic)) this.#pending.set(above.topic, above);
    }
    for (const topic of this.#held) {
      if (present.has(topic) || overtaken.has(topic)) continue;
      const qos = qosOf(this.options.rules, topic);
      this.#pending.set(topic, { topic, payload: Buffer.alloc(0), qos, retain: true });
    }
    await this.#sendPending(connection);
  }

  async #sendPending(connection: number): Promise<void> {
    const { up } = this.options;
    const pending = this.#pending;
    while (connection === this.#connection && up.state === 'connected' && pending.size > 0) {
      let room = SNAPSHOT_CHUNK;
      for (const [topic, message] of pending) {
        pending.delete(topic);
        this.#sendRetained(message);
        if (--room === 0) break;
      }
      while (
        connection === this.#connection &&
        up.state === 'connected' &&
        !(await up.flush(CHUNK_DEADLINE_MS))
      );
    }
  }
}
