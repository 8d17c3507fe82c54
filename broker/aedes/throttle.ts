import type { BrokerLimits } from '../limits.js';
import type { Refusal } from '../rules.js';
import { Bucket } from '../wire/bucket.js';
import { filtersOf, type PrivateClient, type WirePacket } from './aedes-private.js';

/** What a packet of the lane of the heartbeats costs of one that aedes handles. */
const HEARTBEAT = 0.1;
/** Packets at once, as seconds of what is allowed: a relay that connects tells all that it has retained. */
const BURST_SECONDS = 4;
/** Milliseconds of one pause: as often its keepalive is put off, since what it sends is not read. */
const PAUSE_MS = 500;

type Limits = Pick<BrokerLimits, 'maxPacketsPerSecond' | 'maxHeldMs'>;

interface Meter {
  readonly bucket: Bucket;
  /** Since when it has been held back again and again; null where it is not. */
  heldSince: number | null;
  timer: NodeJS.Timeout | null;
}

/**
 * Packets per second of each client. Who sends more is not read from until the time has come, so that nothing is lost and
 * the sender's own system slows it down; who never stops is dropped.
 */
export class Throttle {
  readonly #meters = new WeakMap<PrivateClient, Meter>();

  constructor(
    private readonly limits: Limits,
    private readonly onFast: (why: Refusal, client: PrivateClient) => void,
  ) {}

  attach(client: PrivateClient): void {
    const rate = this.limits.maxPacketsPerSecond;
    const bucket = new Bucket(rate, rate * BURST_SECONDS, performance.now());
    const meter: Meter = { bucket, heldSince: null, timer: null };
    this.#meters.set(client, meter);
    // Each filter is work of its own, so it counts as a packet does.
    client._parser.prependListener('packet', (packet: WirePacket) =>
      this.#spend(client, meter, Math.max(1, filtersOf(packet))),
    );
    client.conn.once('close', () => clearTimeout(meter.timer ?? undefined));
  }

  /** So many heartbeats of a client went past the parser. */
  passed(client: PrivateClient, count: number): void {
    const meter = this.#meters.get(client);
    if (meter) this.#spend(client, meter, count * HEARTBEAT);
  }

  #spend(client: PrivateClient, meter: Meter, count: number): void {
    const now = performance.now();
    if (meter.heldSince !== null && meter.bucket.isFull(now)) meter.heldSince = null;
    const waitMs = meter.bucket.spend(count, now);
    // Before the CONNACK aedes pauses and resumes it by itself, and takes 42 packets at most.
    if (waitMs > 0 && !meter.timer && client.connackSent && client._parser._queue === null)
      this.#hold(client, meter, waitMs, now);
  }

  #hold(client: PrivateClient, meter: Meter, waitMs: number, now: number): void {
    const { maxPacketsPerSecond, maxHeldMs } = this.limits;
    if (meter.heldSince === null) {
      meter.heldSince = now;
      this.onFast(tooFast(`held back: it sends more than ${maxPacketsPerSecond} packets a second`), client);
    }
    if (now - meter.heldSince > maxHeldMs) {
      this.onFast(tooFast(`disconnected: it has sent too fast for ${maxHeldMs / 1000} s`), client);
      client.conn.destroy();
      return;
    }
    client._paused = true;
    meter.timer = setTimeout(() => this.#look(client, meter), Math.min(waitMs, PAUSE_MS));
  }

  #look(client: PrivateClient, meter: Meter): void {
    meter.timer = null;
    if (client.closed) return;
    if (client._keepaliveInterval > 0) client._keepaliveTimer?.refresh();
    const now = performance.now();
    const waitMs = meter.bucket.spend(0, now);
    if (waitMs > 0) return this.#hold(client, meter, waitMs, now);
    // What was done with meanwhile was not counted, and would be waited for for ever.
    client._parsingBatch = 1;
    client.resume();
  }
}

const tooFast = (reason: string): Refusal => ({ code: 'too-fast', reason });
