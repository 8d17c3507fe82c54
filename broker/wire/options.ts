import type { Message } from '../link.js';
import type { Backoff } from './backoff.js';
import type { Login } from './client.js';
import type { Dial } from './dial.js';
import type { Trust } from './dial-tls.js';

export interface MqttLinkOptions {
  /** `mqtt://host:port`, or mqtts, ws or wss. */
  readonly url: string;
  readonly clientId: string;
  readonly will?: Message;
  /** MQTT's ping; a frozen parent is noticed after 1.5 of it. Default 15. */
  readonly keepaliveSeconds?: number;
  /** Until CONNACK must have come; half of it for the TCP connection. Default 5000. */
  readonly connectTimeoutMs?: number;
  /** Between attempts: doubled from min (100) to max (2000), each shortened at random by up to half. */
  readonly backoff?: Backoff;
  /** QoS 1 messages that wait for the parent; the oldest go first when there are more. Default 10,000. */
  readonly maxQueued?: number;
  /** QoS 1 messages sent and not acknowledged yet. Default 64. */
  readonly window?: number;
  /** How long QoS 0 messages may be held back to leave together; any other packet takes them along. Default 0. */
  readonly batchMs?: number;
  /** A larger message is dropped and reported: the parent would close the socket at every attempt. */
  readonly maxPacketBytes?: number;
  readonly dial?: Dial;
  /** For TLS, asked at every attempt to connect. A LinkError that it throws is what the attempt fails with. */
  readonly trust?: () => Trust;
  /** Asked at every attempt to connect; one that throws leaves them as they were. */
  readonly login?: () => Login;
}
