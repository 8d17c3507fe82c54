import type { Socket } from 'node:net';

export interface HandshakeLimits {
  /** How many may be under way at a time. */
  readonly most: number;
  /** Milliseconds until one must be through. */
  readonly deadlineMs: number;
  /** What of an address counts as one caller; the address itself, where it is left out. */
  readonly callerOf?: (address: string) => string;
}

interface Pending {
  readonly socket: Socket;
  readonly caller: string;
  readonly timer: NodeJS.Timeout;
}

/** Connections on their way through TLS and HTTP, which are work for us and none for whoever only opens them. */
export class Handshakes {
  /** By both ends: a layer hands on another object than it was given. In order of arrival. */
  readonly #pending = new Map<string, Pending>();
  readonly #perCaller = new Map<string, number>();

  constructor(
    private readonly limits: HandshakeLimits,
    private readonly onCut: (why: string, socket: Socket) => void,
  ) {}

  get size(): number {
    return this.#pending.size;
  }

  /** Ends the oldest of whoever has most of them, where there are too many. */
  begin(socket: Socket): void {
    const key = keyOf(socket);
    const { most, deadlineMs, callerOf = same } = this.limits;
    const caller = callerOf(socket.remoteAddress ?? '');
    const late = () => this.#cut(key, `no TLS or WebSocket handshake within ${deadlineMs} ms`);
    this.#pending.set(key, { socket, caller, timer: setTimeout(late, deadlineMs) });
    this.#perCaller.set(caller, (this.#perCaller.get(caller) ?? 0) + 1);
    socket.once('close', () => this.#settle(key, socket));
    if (this.#pending.size > most)
      this.#cut(this.#oldestOf(this.#busiest()), `${most} handshakes are under way`);
  }

  done(connection: Socket): void {
    this.#settle(keyOf(connection));
  }

  /** Ends all of them. */
  end(): void {
    for (const { socket } of [...this.#pending.values()]) socket.destroy();
  }

  #settle(key: string, socket?: Socket): void {
    const pending = this.#pending.get(key);
    if (!pending || (socket && pending.socket !== socket)) return;
    clearTimeout(pending.timer);
    this.#pending.delete(key);
    const left = (this.#perCaller.get(pending.caller) ?? 1) - 1;
    if (left > 0) this.#perCaller.set(pending.caller, left);
    else this.#perCaller.delete(pending.caller);
  }

  #cut(key: string, why: string): void {
    const pending = this.#pending.get(key);
    if (!pending) return;
    this.onCut(why, pending.socket);
    this.#settle(key);
    pending.socket.destroy();
  }

  #busiest(): string {
    let found = '';
    let most = 0;
    for (const [caller, count] of this.#perCaller) if (count > most) [found, most] = [caller, count];
    return found;
  }

  #oldestOf(caller: string): string {
    for (const [key, pending] of this.#pending) if (pending.caller === caller) return key;
    return '';
  }
}

const same = (address: string): string => address;
const keyOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
