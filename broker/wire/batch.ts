import type { Duplex } from 'node:stream';
import type { Message } from '../link.js';
import { frameRoom, headOf, writeFrame } from './frame.js';

/** Filled and handed to the socket, then replaced: a socket may go on reading what it was given. */
const BUFFER_BYTES = 64 * 1024;
/** From which on a message costs more to copy than to write in parts. */
export const PARTS_BYTES = 16 * 1024;

export const bytesOf = (parts: readonly Buffer[]): number =>
  parts.reduce((sum, { length }) => sum + length, 0);

/** Holds QoS 0 messages back for a while, so that many heartbeats leave in one write: most of a relay's CPU. */
export class Batch {
  #buffer = Buffer.alloc(0);
  #used = 0;
  #socket: Duplex | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(private readonly batchMs: number) {}

  /** Bytes held back. */
  get size(): number {
    return this.#used;
  }

  /** The message leaves by this socket, with others, in batchMs at the latest. */
  add(socket: Duplex, { topic, payload, retain }: Message): void {
    const room = frameRoom(topic, payload);
    if (this.#used + room > this.#buffer.length) {
      this.flush();
      this.#buffer = Buffer.allocUnsafeSlow(Math.max(room, this.batchMs > 0 ? BUFFER_BYTES : 0));
    }
    this.#socket = socket;
    this.#used = writeFrame(this.#buffer, this.#used, topic, payload, retain);
    if (this.batchMs <= 0) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), this.batchMs);
  }

  /** One message, in parts that are not copied, leaves at once, behind what is held. */
  pass(socket: Duplex, topic: string, parts: readonly Buffer[]): void {
    this.flush();
    if (!socket.writable) return;
    socket.cork();
    socket.write(headOf(topic, bytesOf(parts)));
    for (const part of parts) socket.write(part);
    socket.uncork();
  }

  /** What is held leaves now. */
  flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#used === 0) return;
    if (this.#socket?.writable) this.#socket.write(this.#buffer.subarray(0, this.#used));
    this.#buffer = this.#buffer.subarray(this.#used);
    this.#used = 0;
    this.#socket = null;
  }
}
