import type { Socket } from 'node:net';
import type { Address, Listener } from '../listener.js';

export interface Listening {
  readonly at: Address;
  readonly listener: Listener;
}

/** All the listeners of a broker as one. */
export class Doors {
  #addresses: readonly Address[];

  constructor(private readonly listening: readonly Listening[]) {
    this.#addresses = listening.map(({ at }) => at);
  }

  /** Where they really listen, in the order in which they were given. */
  get addresses(): readonly Address[] {
    return this.#addresses;
  }

  /** Where one can't listen, none does. */
  async open(onConnection: (connection: Socket) => void): Promise<void> {
    try {
      const bound: Address[] = [];
      for (const { at, listener } of this.listening) bound.push(await listener.open(at, onConnection));
      this.#addresses = bound;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Accepts no more; resolves when the last of their connections is gone. */
  async close(): Promise<void> {
    await Promise.all(this.listening.map(({ listener }) => listener.close()));
  }
}
