/** The port through which everything in Canopy talks MQTT: in-process, over TCP, or to a foreign broker. */

export type QoS = 0 | 1;

export interface Message {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: QoS;
  /** Publishing: store it. Receiving: it was replayed from the store (live deliveries say false, MQTT-3.3.1-9). */
  readonly retain: boolean;
}

export type MessageHandler = (message: Message) => void;

/** `connecting` until the first CONNACK; `lost` while reconnecting; `closed` for good after close() or abort(). */
export type LinkState = 'connecting' | 'connected' | 'lost' | 'closed';

export type LinkErrorCode =
  | 'name-taken' // the parent already has a live child of this name (CONNACK 2)
  | 'bad-credentials' // user name, password or certificate do not prove who we are (CONNACK 4)
  | 'refused' // the broker answered CONNECT with another return code
  | 'certificate-untrusted' // no authority that we believe stands for the broker's certificate
  | 'certificate-expired' // the broker's certificate, or our own, is not valid now
  | 'certificate-refused' // the broker does not take ours
  | 'certificate-unreadable' // our own files
  | 'wrong-host' // its certificate is for other names than the one we asked for
  | 'no-tls' // what answers there speaks no TLS
  | 'unreachable' // no TCP connection, or it broke
  | 'protocol'; // the other side does not speak MQTT 3.1.1

export class LinkError extends Error {
  constructor(
    readonly code: LinkErrorCode,
    message: string,
  ) {
    super(message);
  }
}

export interface LinkEvents {
  /** Every time it comes up, the first included, before any message published afterwards goes out. */
  connected: () => void;
  /** It was up and is not any more. */
  lost: (cause: LinkError) => void;
  /** One attempt to connect failed; the next follows after the backoff. */
  failed: (cause: LinkError) => void;
  /** Messages given up because a bound was reached. */
  dropped: (count: number, why: string) => void;
}

/** `isRefused`: the broker ended its connections for it. */
export type Arrived = (isRefused?: boolean) => void;

export interface Link {
  readonly state: LinkState;
  /** Why it is not connected; null while it is. */
  readonly lastError: LinkError | null;
  /** When the other side was last heard, whatever it said (ms, as performance.now has it); null: never. */
  readonly heardAt: number | null;
  /**
   * Never throws for a network reason and never blocks. QoS 0 is dropped while not connected or congested (only the
   * newest heartbeat counts); QoS 1 waits in a bounded queue, the oldest dropped and reported when it is full.
   * `arrived`: for QoS 1 while connected, of which somebody else keeps a copy: called when the broker has acknowledged it, or
   * it can't be sent at all; after a loss of the connection it is neither sent again nor acknowledged. A message for which the
   * broker has ended several connections in a row is given up, and reported as dropped.
   */
  publish(message: Message, arrived?: Arrived): void;
  /** A QoS 0 message whose payload is in parts. They are not copied: nobody may write to them any more. */
  publishParts(topic: string, parts: readonly Buffer[]): void;
  /** Live messages and, at every (re)connect, what is retained. Resolves when the broker granted it once. */
  subscribe(filters: readonly string[], handler: MessageHandler): Promise<void>;
  /** What is retained under a filter now. */
  retained(filter: string): Promise<Message[]>;
  on<E extends keyof LinkEvents>(event: E, listener: LinkEvents[E]): void;
  off<E extends keyof LinkEvents>(event: E, listener: LinkEvents[E]): void;
  /** Waits until every QoS 1 message is acknowledged; false when the deadline (ms) passed first. */
  flush(deadlineMs: number): Promise<boolean>;
  /**
   * Sends what is held back, and resolves when no more than a socket's fill of what was published waits in this process, or
   * the connection is gone: whoever publishes much of QoS 0 waits for it, or others' messages are dropped for his.
   */
  drained(): Promise<void>;
  /** Says goodbye (DISCONNECT): the will does not fire. */
  close(): Promise<void>;
  /** Drops the connection as a crash would: the will fires. */
  abort(): void;
}
