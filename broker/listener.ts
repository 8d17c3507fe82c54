import { createServer, type Server, type Socket } from 'node:net';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Turns a server into connections; the seam for tls and ws. */
export interface Listener {
  /** Resolves with the address really bound; rejects with an Error whose `code` is the system's (EADDRINUSE). */
  open(wanted: Address, onConnection: (connection: Socket) => void): Promise<Address>;
  /** Accepts no more; resolves when the last of its connections is gone. */
  close(): Promise<void>;
}

// Without it a dead peer of a quiet connection is only noticed by MQTT's keepalive.
const TCP_KEEPALIVE_MS = 30_000;

export class TcpListener implements Listener {
  readonly #server: Server = createServer({
    // Nagle's algorithm costs 20 ms per hop at the 99th percentile.
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEPALIVE_MS,
  });

  open({ host, port }: Address, onConnection: (connection: Socket) => void): Promise<Address> {
    this.#server.on('connection', onConnection);
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
    return new Promise(resolve => this.#server.close(() => resolve()));
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
