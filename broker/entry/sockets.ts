import type { Socket } from 'node:net';
import type { BrokerLimits } from '../limits.js';
import type { RefusedEvent } from './report.js';

/** Sockets beyond maxClients that are taken on, so that those too many can be told by a CONNACK. */
const ANTEROOM = 100;

/** The sockets that are open, so many in all and so many of an address, that one can't take the places of all. */
export class Sockets {
  readonly #open = new Set<Socket>();
  readonly #byCaller = new Map<string, number>();

  constructor(
    private readonly limits: Pick<BrokerLimits, 'maxClients' | 'maxPerAddress'>,
    private readonly onRefused: (event: RefusedEvent) => void,
    private readonly callerOf = (address: string): string => address,
  ) {}

  get size(): number {
    return this.#open.size;
  }

  /** Counts a socket until it is closed; destroys it, and says so, where there are too many. */
  enter(socket: Socket): boolean {
    const address = socket.remoteAddress ?? '';
    const caller = this.callerOf(address);
    const open = this.#byCaller.get(caller) ?? 0;
    const refusal = this.#refusal(caller, open);
    if (refusal) {
      turnOff(socket);
      this.onRefused({ ...refusal, address });
      return false;
    }
    this.#byCaller.set(caller, open + 1);
    this.#open.add(socket);
    socket.once('close', () => this.#leave(socket, caller));
    return true;
  }

  destroyAll(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #refusal(caller: string, open: number): { code: string; reason: string } | null {
    const { maxClients, maxPerAddress } = this.limits;
    if (open >= maxPerAddress)
      return { code: 'too-many-from-address', reason: `${open} connections of ${caller} already` };
    if (this.size < maxClients + ANTEROOM) return null;
    return { code: 'too-many-clients', reason: `there are ${this.size} connections already` };
  }

  #leave(socket: Socket, caller: string): void {
    this.#open.delete(socket);
    const left = (this.#byCaller.get(caller) ?? 0) - 1;
    if (left > 0) this.#byCaller.set(caller, left);
    else this.#byCaller.delete(caller);
  }
}

/** Destroys a socket that nobody listens to. */
export function turnOff(socket: Socket): void {
  socket.on('error', () => {});
  socket.destroy();
}
