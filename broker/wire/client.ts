import type { Duplex } from 'node:stream';
import { MqttClient, type Packet, Store } from 'mqtt';
import { BROKER_LIMITS, publishBytes } from '../limits.js';
import type { Message } from '../link.js';
import { topicProblem } from '../topics.js';
import { GOODBYE_MS } from './drained.js';

/** MQTT's own proof of who one is. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

export interface ClientOptions {
  readonly clientId: string;
  readonly will?: Message;
  readonly keepaliveSeconds?: number;
  readonly connectTimeoutMs: number;
  readonly reconnectMs: number;
  readonly login?: () => Login;
}

/** What MQTT itself allows. */
const ANY_LENGTH = { maxTopicBytes: 65_535, maxTopicLevels: 65_535 };
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

/** MQTT.js with all that it would keep and repeat by itself turned off. */
export function createClient(dial: () => Duplex, options: ClientOptions): MqttClient {
  const { will } = options;
  const client = new MqttClient(dial, {
    protocolVersion: 4,
    clientId: options.clientId,
    clean: true,
    ...options.login?.(),
    keepalive: options.keepaliveSeconds ?? 15,
    connectTimeout: options.connectTimeoutMs,
    reconnectPeriod: options.reconnectMs,
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
  client.on('reconnect', () => {
    try {
      Object.assign(client.options, options.login?.());
    } catch {
      // The file is being written, or gone: the parent has the last word on the secret that we had.
    }
  });
  return client;
}

/** MQTT.js would close its socket, or the parent would, and the message would come again at every attempt. */
export const publishProblem = ({ topic, payload }: Message, maxPacketBytes?: number): string | null =>
  packetProblem(topic, payload.length, maxPacketBytes);

/** The same of a payload of so many bytes. */
export function packetProblem(
  topic: string,
  payloadBytes: number,
  maxPacketBytes = BROKER_LIMITS.maxPacketBytes,
): string | null {
  const problem = topicProblem(topic, ANY_LENGTH);
  if (problem) return problem.reason;
  const bytes = publishBytes(topic, payloadBytes);
  return bytes > maxPacketBytes ? `${bytes} bytes in one message, at most ${maxPacketBytes} are taken` : null;
}

/** Never answered any more; MQTT.js would keep them, and mistake a later message of the same id for them. */
export function forgetUnanswered(client: MqttClient): void {
  for (const id of Object.keys(client.outgoing)) delete client.outgoing[Number(id)];
}

/** DISCONNECT, and a moment for it to leave. */
export function goodbye(socket: Duplex): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, GOODBYE_MS);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.end(DISCONNECT);
  });
}
