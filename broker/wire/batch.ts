import type { Duplex } from 'node:stream';

/** Holds what is written to a socket for a while, so that many heartbeats leave in one writev: most of a relay's CPU. */
export class Batch {
  #held: Duplex | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(private readonly batchMs: number) {}

  /** From now on, and for batchMs at most, nothing leaves the socket. */
  hold(socket: Duplex): void {
    if (this.batchMs <= 0 || this.#held) return;
    this.#held = socket;
    socket.cork();
    this.#timer = setTimeout(() => this.flush(), this.batchMs);
  }

  /** What is held leaves now. */
  flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#held?.uncork();
    this.#held = null;
  }
}
