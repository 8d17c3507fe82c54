import type { Duplex } from 'node:stream';
import type { MqttClient } from 'mqtt';
import { Idle, LinkBase } from './emitter.js';
import { type Arrived, LinkError, type Message, type MessageHandler } from './link.js';
import { BACKOFF, delayAfter } from './wire/backoff.js';
import { Batch, bytesOf, PARTS_BYTES } from './wire/batch.js';
import { createClient, forgetUnanswered, goodbye, packetProblem, publishProblem } from './wire/client.js';
import { mqttUrl } from './wire/dial.js';
import { dialer } from './wire/dial-tls.js';
import { CONGESTED_BYTES, drained, GOODBYE_MS } from './wire/drained.js';
import { linkError } from './wire/mqtt-errors.js';
import type { MqttLinkOptions } from './wire/options.js';
import { Outbox } from './wire/outbox.js';
import { fetchRetained } from './wire/retained-probe.js';
import { type Subscription, Subscriptions } from './wire/subscriptions.js';

export type { MqttLinkOptions } from './wire/options.js';

/** A Link to any MQTT 3.1.1 broker, by MQTT.js. It tries to connect until it is closed. */
export class MqttLink extends LinkBase {
  readonly #url: URL;
  readonly #dial;
  readonly #client: MqttClient;
  readonly #outbox: Outbox;
  readonly #batch: Batch;
  readonly #idle = new Idle(() => this.#outbox.size === 0);
  readonly #subscriptions = new Subscriptions();
  readonly #backoff;
  readonly #isClosed = () => this.state === 'closed';
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
    this.#dial = options.dial ?? dialer(options.trust ?? (() => ({})));
    this.#backoff = options.backoff ?? BACKOFF;
    this.#outbox = new Outbox(options.maxQueued ?? 10_000, options.window ?? 64);
    this.#batch = new Batch(options.batchMs ?? 0);
    this.#client = this.#createClient();
    this.#client.on('connect', () => this.#connected());
    this.#client.on('message', (topic, payload, { qos, retain }) =>
      this.#subscriptions.deliver({ topic, payload, qos: qos > 0 ? 1 : 0, retain }, this.#isClosed),
    );
    this.#client.on('error', error => this.#failed(error));
    this.#client.on('close', () => this.#closed());
    this.#client.on('reconnect', () => this.#setBackoff(this.#attempts + 1));
    this.#client.on('packetreceive', () => this.heard());
    this.#client.on('packetsend', packet => {
      // An answer or a ping does not wait for heartbeats.
      if (packet.cmd !== 'publish' || packet.qos > 0) this.#batch.flush();
    });
  }

  publish(message: Message, arrived?: Arrived): void {
    if (this.state === 'closed') return;
    const problem = publishProblem(message, this.options.maxPacketBytes);
    if (problem) return this.giveUp(problem, arrived);
    if (message.qos === 0) return this.#publishNow(socket => this.#batch.add(socket, message));
    const dropped = this.#outbox.push({ message, arrived });
    if (dropped > 0) this.emit('dropped', dropped, 'the queue is full, the oldest go');
    this.#pump();
  }

  override publishParts(topic: string, parts: readonly Buffer[]): void {
    if (this.state === 'closed' || bytesOf(parts) < PARTS_BYTES) return super.publishParts(topic, parts);
    const problem = packetProblem(topic, bytesOf(parts), this.options.maxPacketBytes);
    if (problem) this.emit('dropped', 1, problem);
    else this.#publishNow(socket => this.#batch.pass(socket, topic, parts));
  }

  subscribe(filters: readonly string[], handler: MessageHandler): Promise<void> {
    if (this.state === 'closed') return Promise.reject(new LinkError('unreachable', 'the link is closed'));
    const { subscription, granted } = this.#subscriptions.add(filters, handler);
    if (this.state === 'connected') this.#subscribe(subscription);
    return granted;
  }

  async retained(filter: string): Promise<Message[]> {
    if (this.state !== 'connected') throw this.lastError ?? new LinkError('unreachable', 'not connected yet');
    return fetchRetained(this.#url, this.#dial, filter);
  }

  flush(deadlineMs: number): Promise<boolean> {
    this.#batch.flush();
    return this.#idle.wait(deadlineMs);
  }

  drained(): Promise<void> {
    this.#batch.flush();
    return this.#socket ? drained(this.#socket) : Promise.resolve();
  }

  async close(): Promise<void> {
    if (this.state === 'closed') return;
    if (this.state === 'connected') await this.flush(GOODBYE_MS);
    const socket = this.state === 'connected' && !this.#socket?.destroyed ? this.#socket : null;
    this.#end('closed');
    // end(false) would wait for ever for what is not acknowledged.
    if (socket) await goodbye(socket);
    this.#client.end(true);
  }

  abort(): void {
    if (this.state === 'closed') return;
    this.#end('aborted');
    this.#client.end(true);
    this.#socket?.destroy();
  }

  #createClient(): MqttClient {
    const { connectTimeoutMs = 5000 } = this.options;
    const reconnectMs = delayAfter(this.#backoff, 0);
    const dial = () => {
      this.#cause = null;
      this.#socket = this.#dial(this.#url, connectTimeoutMs / 2);
      return this.#socket;
    };
    return createClient(dial, { ...this.options, connectTimeoutMs, reconnectMs });
  }

  /** Past MQTT.js, which makes a packet and five writes of each. */
  #publishNow(send: (socket: Duplex) => void): void {
    const socket = this.#socket;
    if (this.state !== 'connected' || !socket) return;
    if (socket.writableLength + this.#batch.size <= CONGESTED_BYTES) send(socket);
    else this.emit('dropped', 1, 'the parent does not keep up');
  }

  #pump(): void {
    if (this.state !== 'connected') return;
    const connection = this.#connection;
    for (let next = this.#outbox.next(); next !== null; next = this.#outbox.next()) {
      const { topic, payload, retain } = next.entry.message;
      this.#client.publish(topic, payload, { qos: 1, retain }, error => {
        if (error || connection !== this.#connection) return;
        this.#outbox.acknowledge(next.ticket);
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
      if (!error) subscription.answer(null);
      else this.#subscriptions.refuse(subscription, this.#url.host);
    });
  }

  #connected(): void {
    // Its CONNACK came along with something unreadable: the end is on its way.
    if (this.#socket?.destroyed) return;
    this.#setBackoff(0);
    this.#connection++;
    for (const subscription of this.#subscriptions) this.#subscribe(subscription);
    this.turnConnected();
    this.#pump();
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
    this.#outbox.rewind((why, arrived) => this.giveUp(why, arrived, true));
    forgetUnanswered(this.#client);
    if (this.state === 'connected') this.turnLost(cause);
    else this.attemptFailed(cause);
  }

  /** MQTT.js reads the period when a connection has ended, so it is set for the next failure in advance. */
  #setBackoff(attempts: number): void {
    this.#attempts = attempts;
    this.#client.options.reconnectPeriod = delayAfter(this.#backoff, attempts);
  }

  #end(why: string): void {
    this.#batch.flush();
    const cause = new LinkError('unreachable', why);
    this.turnClosed(cause);
    this.#outbox.rewind();
    if (this.#outbox.size > 0) this.emit('dropped', this.#outbox.size, `the link is ${why}`);
    this.#subscriptions.end(cause);
  }
}
