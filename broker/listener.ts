import { createServer, type Server, type Socket } from 'node:net';
import type { Handshakes } from './listen/handshakes.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Turns a server into connections: plain ones, or what its layers (TLS, WebSockets) make of them. */
export interface Listener {
  /** Resolves with the address really bound; rejects with an Error whose `code` is the system's (EADDRINUSE). */
  open(wanted: Address, onConnection: (connection: Socket) => void): Promise<Address>;
  /** Accepts no more; resolves when the last of its connections is gone. */
  close(): Promise<void>;
}

/** Makes of a connection another one, which it hands on; or ends it. */
export type Layer = (onward: (connection: Socket) => void) => (connection: Socket) => void;

// Without it a dead peer of a quiet connection is only noticed by MQTT's keepalive.
const TCP_KEEPALIVE_MS = 30_000;

export class TcpListener implements Listener {
  readonly #server: Server = createServer({
    // Nagle's algorithm costs 20 ms per hop at the 99th percentile.
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEPALIVE_MS,
  });

  /** From the wire inwards; `handshakes` bounds what has not come through them yet. */
  constructor(
    private readonly layers: readonly Layer[] = [],
    private readonly handshakes: Handshakes | null = null,
  ) {}

  open({ host, port }: Address, onConnection: (connection: Socket) => void): Promise<Address> {
    this.#server.on('connection', this.#through(onConnection));
    return new Promise((resolve, reject) => {
      const failed = (cause: NodeJS.ErrnoException) => reject(explained(cause, host, port));
      this.#server.once('error', failed);
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', failed);
        // A failing accept (no descriptors left) concerns that one connection only.
        this.#server.on('error', () => {});
        resolve({ host, port: boundPort(this.#server) });
      });
    });
  }

  close(): Promise<void> {
    return new Promise(resolve => {
      this.#server.close(() => resolve());
      this.handshakes?.end();
    });
  }

  #through(onConnection: (connection: Socket) => void): (connection: Socket) => void {
    if (this.layers.length === 0) return onConnection;
    const { handshakes } = this;
    const inner = (connection: Socket): void => {
      handshakes?.done(connection);
      onConnection(connection);
    };
    const outer = this.layers.reduceRight((onward, layer) => layer(onward), inner);
    return connection => {
      handshakes?.begin(connection);
      if (!connection.destroyed) outer(connection);
    };
  }
}

function boundPort(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP listener has a port');
  return address.port;
}

function explained(cause: NodeJS.ErrnoException, host: string, port: number): Error {
  const why =
    cause.code === 'EADDRINUSE'
      ? 'the address is already in use by another program; host and port say where to listen'
      : cause.message;
  return Object.assign(new Error(`cannot listen on ${host}:${port}: ${why}`, { cause }), {
    code: cause.code,
  });
}
