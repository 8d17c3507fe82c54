import type { Duplex } from 'node:stream';
import { type IPublishPacket, MqttClient, type Packet, Store } from 'mqtt';
import { aside, Idle, LinkBase } from './emitter.js';
import { BROKER_LIMITS, publishBytes } from './limits.js';
import { LinkError, type Message, type MessageHandler } from './link.js';
import { matches, topicProblem } from './topics.js';
import { Batch } from './wire/batch.js';
import { type Dial, dialTcp, mqttUrl } from './wire/dial.js';
import { linkError } from './wire/mqtt-errors.js';
import { Outbox } from './wire/outbox.js';
import { fetchRetained } from './wire/retained-probe.js';

export interface MqttLinkOptions {
  /** `mqtt://host:port` */
  readonly url: string;
  readonly clientId: string;
  readonly will?: Message;
  /** MQTT's ping; a frozen parent is noticed after 1.5 of it. Default 15. */
  readonly keepaliveSeconds?: number;
  /** Until CONNACK must have come; half of it for the TCP connection. Default 5000. */
  readonly connectTimeoutMs?: number;
  /** Between attempts: doubled from min (100) to max (2000), each shortened at random by up to half. */
  readonly backoff?: { readonly minMs: number; readonly maxMs: number };
  /** QoS 1 messages that wait for the parent; the oldest go first when there are more. Default 10,000. */
  readonly maxQueued?: number;
  /** QoS 1 messages sent and not acknowledged yet. Default 64. */
  readonly window?: number;
  /** How long QoS 0 messages may be held back to leave together; any other packet takes them along. Default 0. */
  readonly batchMs?: number;
  /** A larger message is dropped and reported: the parent would close the socket at every attempt. */
  readonly maxPacketBytes?: number;
  readonly dial?: Dial;
}

interface Subscription {
  readonly filters: readonly string[];
  readonly handler: MessageHandler;
  granted: (refusal: LinkError | null) => void;
}

const CONGESTED_BYTES = 256 * 1024;
const GOODBYE_MS = 1000;
const RETAINED_DEADLINE_MS = 5000;
const DISCONNECT = Buffer.from([0xe0, 0]);

/** What is not acknowledged is in the outbox, in order; MQTT.js would send it again one PUBACK at a time. */
class NoStore extends Store {
  override put(_packet: Packet, done: (error?: Error) => void): this {
    done();
    return this;
  }

  override del(packet: Pick<Packet, 'messageId'>, done: (error?: Error, packet?: Packet) => void): this {
    done(undefined, packet as Packet);
    return this;
  }
}

/** A Link over TCP to any MQTT 3.1.1 broker, by MQTT.js. It tries to connect until it is closed. */
export class MqttLink extends LinkBase {
  readonly #url: URL;
  readonly #dial: Dial;
  readonly #client: MqttClient;
  readonly #outbox: Outbox;
  readonly #batch: Batch;
  readonly #idle = new Idle(() => this.#outbox.size === 0);
  readonly #subscriptions = new Set<Subscription>();
  readonly #backoff: { readonly minMs: number; readonly maxMs: number };
  #socket: Duplex | null = null;
  #attempts = 0;
  /** Connections so far: an answer on an earlier one says nothing any more. */
  #connection = 0;
  /** Why the attempt or connection under way fails, where MQTT.js has said so. */
  #cause: LinkError | null = null;

  /** Throws for an address that can't be dialled; everything else is an event. */
  constructor(private readonly options: MqttLinkOptions) {
    super();
    this.#url = mqttUrl(options.url);
    this.#dial = options.dial ?? dialTcp;
    this.#backoff = options.backoff ?? { minMs: 100, maxMs: 2000 };
    this.#outbox = new Outbox(options.maxQueued ?? 10_000, options.window ?? 64);
    this.#batch = new Batch(options.batchMs ?? 0);
    this.#client = this.#createClient();
    this.#client.on('connect', () => this.#connected());
    this.#client.on('message', (topic, payload, packet) => this.#received(topic, payload, packet));
    this.#client.on('error', error => this.#failed(error));
    this.#client.on('close', () => this.#closed());
    this.#client.on('reconnect', () => this.#setBackoff(this.#attempts + 1));
    this.#client.on('packetsend', packet => {
      // An answer or a ping does not wait for heartbeats.
      if (packet.cmd !== 'publish' || packet.qos > 0) this.#batch.flush();
    });
  }

  publish(message: Message): void {
    if (this.state === 'closed') return;
    const problem = this.#problem(message);
    if (problem) {
      this.emit('dropped', 1, problem);
      return;
    }
    if (message.qos === 0) this.#publishNow(message);
    else {
      const dropped = this.#outbox.push(message);
      if (dropped > 0) this.emit('dropped', dropped, 'the queue is full, the oldest go');
      this.#pump();
    }
  }

  subscribe(filters: readonly string[], handler: MessageHandler): Promise<void> {
    if (this.state === 'closed') return Promise.reject(new LinkError('unreachable', 'the link is closed'));
    return new Promise((resolve, reject) => {
      const subscription: Subscription = {
        filters,
        handler,
        granted: refusal => (refusal ? reject(refusal) : resolve()),
      };
      this.#subscriptions.add(subscription);
      if (this.state === 'connected') this.#subscribe(subscription);
    });
  }

  async retained(filter: string): Promise<Message[]> {
    if (this.state !== 'connected') throw this.lastError ?? new LinkError('unreachable', 'not connected yet');
    return fetchRetained(this.#url, this.#dial, filter, RETAINED_DEADLINE_MS);
  }

  flush(deadlineMs: number): Promise<boolean> {
    this.#batch.flush();
    return this.#idle.wait(deadlineMs);
  }

  async close(): Promise<void> {
    if (this.state === 'closed') return;
    if (this.state === 'connected') await this.flush(GOODBYE_MS);
    const socket = this.state === 'connected' ? this.#socket : null;
    this.#end('closed');
    // end(false) would wait for ever for what is not acknowledged.
    if (socket && !socket.destroyed) await goodbye(socket);
    this.#client.end(true);
  }

  abort(): void {
    if (this.state === 'closed') return;
    this.#end('aborted');
    this.#client.end(true);
    this.#socket?.destroy();
  }

  #createClient(): MqttClient {
    const { options } = this;
    const connectTimeout = options.connectTimeoutMs ?? 5000;
    const dial = () => {
      this.#cause = null;
      this.#socket = this.#dial(this.#url, connectTimeout / 2);
      return this.#socket;
    };
    const { will } = options;
    return new MqttClient(dial, {
      protocolVersion: 4,
      clientId: options.clientId,
      clean: true,
      keepalive: options.keepaliveSeconds ?? 15,
      connectTimeout,
      reconnectPeriod: this.#delay(0),
      // A name that is taken, or a parent not ready yet, may be free or ready next time.
      reconnectOnConnackError: true,
      resubscribe: false,
      queueQoSZero: false,
      outgoingStore: new NoStore(),
      timerVariant: 'native',
      ...(will
        ? { will: { topic: will.topic, payload: will.payload, qos: will.qos, retain: will.retain } }
        : {}),
    });
  }

  /** MQTT.js would close its socket, or the parent would, and the message would come again at every attempt. */
  #problem(message: Message): string | null {
    const problem = topicProblem(message.topic, { maxTopicBytes: 65_535, maxTopicLevels: 65_535 });
    if (problem) return problem.reason;
    const max = this.options.maxPacketBytes ?? BROKER_LIMITS.maxPacketBytes;
    const bytes = publishBytes(message.topic, message.payload);
    return bytes > max ? `${bytes} bytes in one message, at most ${max} are taken` : null;
  }

  #publishNow({ topic, payload, retain }: Message): void {
    const socket = this.#socket;
    if (this.state !== 'connected' || !socket) return;
    if (socket.writableLength > CONGESTED_BYTES) {
      this.emit('dropped', 1, 'the parent does not keep up');
      return;
    }
    this.#batch.hold(socket);
    this.#client.publish(topic, payload, { qos: 0, retain });
  }

  #pump(): void {
    if (this.state !== 'connected') return;
    const connection = this.#connection;
    for (let next = this.#outbox.next(); next; next = this.#outbox.next()) {
      const { ticket, message } = next;
      this.#client.publish(message.topic, message.payload, { qos: 1, retain: message.retain }, error => {
        if (error || connection !== this.#connection) return;
        this.#outbox.acknowledge(ticket);
        this.#idle.check();
        this.#pump();
      });
    }
  }

  #subscribe(subscription: Subscription): void {
    const connection = this.#connection;
    this.#client.subscribe([...new Set(subscription.filters)], { qos: 1 }, error => {
      // Lost before the answer: it is asked again on the next connection.
      if (connection !== this.#connection || this.state !== 'connected') return;
      if (!error) return subscription.granted(null);
      this.#subscriptions.delete(subscription);
      subscription.granted(
        new LinkError('refused', `${this.#url.host} refuses ${subscription.filters.join(' ')}`),
      );
    });
  }

  #connected(): void {
    // Its CONNACK came along with something unreadable: the end is on its way.
    if (this.#socket?.destroyed) return;
    this.#attempts = 0;
    this.#setBackoff(0);
    this.#connection++;
    for (const subscription of this.#subscriptions) this.#subscribe(subscription);
    this.turnConnected();
    this.#pump();
  }

  #received(topic: string, payload: Buffer, packet: IPublishPacket): void {
    const message: Message = { topic, payload, qos: packet.qos > 0 ? 1 : 0, retain: packet.retain };
    for (const { filters, handler } of this.#subscriptions) {
      if (this.state === 'closed') return;
      if (filters.some(filter => matches(filter, topic))) aside(() => handler(message));
    }
  }

  #failed(error: Error): void {
    this.#cause ??= linkError(error, this.#url.host, this.state === 'connected');
    // A parse error leaves a dead socket open until the keepalive.
    this.#socket?.destroy();
  }

  #closed(): void {
    if (this.state === 'closed') return;
    const cause = this.#cause ?? new LinkError('unreachable', `${this.#url.host} closed the connection`);
    this.#connection++;
    this.#batch.flush();
    this.#outbox.rewind();
    // Never answered any more; MQTT.js would keep them, and mistake a later message of the same id for them.
    for (const id of Object.keys(this.#client.outgoing)) delete this.#client.outgoing[Number(id)];
    if (this.state === 'connected') this.turnLost(cause);
    else this.attemptFailed(cause);
  }

  /** MQTT.js reads the period when a connection has ended, so it is set for the next failure in advance. */
  #setBackoff(attempts: number): void {
    this.#attempts = attempts;
    this.#client.options.reconnectPeriod = this.#delay(attempts);
  }

  #delay(attempts: number): number {
    const { minMs, maxMs } = this.#backoff;
    const full = Math.min(maxMs, minMs * 2 ** Math.min(attempts, 20));
    return Math.max(1, Math.round(full * (0.5 + Math.random() / 2)));
  }

  #end(why: string): void {
    const cause = new LinkError('unreachable', why);
    this.#batch.flush();
    this.turnClosed(cause);
    if (this.#outbox.size > 0) this.emit('dropped', this.#outbox.size, `the link is ${why}`);
    for (const subscription of this.#subscriptions) subscription.granted(cause);
    this.#subscriptions.clear();
  }
}

/** DISCONNECT, and a moment for it to leave. */
function goodbye(socket: Duplex): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, GOODBYE_MS);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.end(DISCONNECT);
  });
}
