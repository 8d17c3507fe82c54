/** The bounds of a broker. Every one of them is there since without it a stranger can exhaust the process. */

export interface BrokerLimits {
  /** Remaining length of an MQTT packet, checked before its body is read. */
  readonly maxPacketBytes: number;
  /** Bytes that may wait for one subscriber: beyond it QoS 0 is dropped and a QoS 1 subscriber disconnected. */
  readonly backlogBytes: number;
  readonly maxClients: number;
  /** Sockets of one address, let in or not. */
  readonly maxPerAddress: number;
  /** Of one client; heartbeats count a tenth, a SUBSCRIBE as many as it has filters. Who sends more is held back, and dropped where that lasts maxHeldMs. */
  readonly maxPacketsPerSecond: number;
  readonly maxHeldMs: number;
  /** Until CONNECT must have arrived, and it must be known who sent it. */
  readonly connectTimeoutMs: number;
  /** The same as maxPacketBytes, of a client that has not been let in yet. */
  readonly maxConnectBytes: number;
  /** Clients about which it is being found out who they are; more are told to come again. */
  readonly maxAuthenticating: number;
  /** TLS and WebSocket handshakes under way at a time, of one listener; each has connectTimeoutMs. */
  readonly maxHandshakes: number;
  /** Until a subscriber whose socket is full must have read what is in it. */
  readonly drainTimeoutMs: number;
  /**
   * Seconds; a CONNECT with a longer keepalive, or none (0), is refused. 20 minutes is the longest that common clients
   * and public brokers use, and bounds how long a silent socket is kept to half an hour.
   */
  readonly keepaliveLimit: number;
  readonly maxTopicBytes: number;
  readonly maxTopicLevels: number;
  /** Retained messages, and the bytes of their topics and payloads. */
  readonly maxRetained: number;
  readonly maxRetainedBytes: number;
  /** The same of one direct child with all below it, or of all topics that are not ours. */
  readonly maxRetainedPerChild: number;
  readonly maxRetainedBytesPerChild: number;
  /** Messages kept for one clean=false session while it is away. */
  readonly maxQueuedPerClient: number;
  readonly maxQueuedBytesPerClient: number;
  /** Clients with clean=false, there or away: what is kept for each of them outlives its connection. */
  readonly maxSessions: number;
  /** QoS 2 messages of one client that wait for its PUBREL. */
  readonly maxInflightQos2: number;
  /** Also of one packet: a longer one ends the connection, since each filter is looked up in all that is retained. */
  readonly maxFiltersPerClient: number;
}

export const BROKER_LIMITS: BrokerLimits = {
  maxPacketBytes: 1024 * 1024,
  backlogBytes: 1280 * 1024,
  maxClients: 10_000,
  maxPerAddress: 1000,
  maxPacketsPerSecond: 5000,
  maxHeldMs: 30_000,
  connectTimeoutMs: 5000,
  maxConnectBytes: 64 * 1024,
  maxAuthenticating: 256,
  maxHandshakes: 256,
  drainTimeoutMs: 5000,
  keepaliveLimit: 1200,
  maxTopicBytes: 1024,
  maxTopicLevels: 32,
  maxRetained: 65_536,
  maxRetainedBytes: 64 * 1024 * 1024,
  maxRetainedPerChild: 32_768,
  maxRetainedBytesPerChild: 32 * 1024 * 1024,
  maxQueuedPerClient: 1000,
  maxQueuedBytesPerClient: 1024 * 1024,
  maxSessions: 100,
  maxInflightQos2: 20,
  maxFiltersPerClient: 1000,
};

/** The remaining length of a PUBLISH: what maxPacketBytes is compared with. */
export const publishBytes = (topic: string, payloadBytes: number): number =>
  2 + Buffer.byteLength(topic) + 2 + payloadBytes;
