/** The HTTP listener. What answers is loaded when somebody first asks: it is a third of the memory and of the time to start. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { problem } from './problem.js';

export interface Answerer {
  readonly routing: (request: IncomingMessage, response: ServerResponse) => void;
  close(): Promise<unknown>;
}

/** More would take the descriptors that targets need to be started. */
const MAX_CONNECTIONS = 500;
/** Milliseconds: for a whole request, for its headers, between two looks at who is late, and idle between two requests. */
const TIMES = {
  requestTimeout: 10_000,
  headersTimeout: 5000,
  connectionsCheckingInterval: 2000,
  keepAliveTimeout: 72_000,
};

export class Front {
  private readonly server: Server;
  private loaded: Promise<Answerer> | null = null;

  constructor(
    private readonly load: () => Promise<Answerer>,
    private readonly failed: (error: Error) => void,
  ) {
    this.server = createServer(TIMES, (request, response) => void this.answer(request, response));
    this.server.maxConnections = MAX_CONNECTIONS;
    this.server.on('clientError', this.refuse);
  }

  /** Rejects with the error of the socket (`EADDRINUSE`, …). */
  listen(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject).listen({ host, port }, () => {
        this.server.off('error', reject);
        // A failing accept (no descriptors left) concerns that one connection only.
        this.server.on('error', () => {});
        resolve();
      });
    });
  }

  /** `http://host:port` while it listens. */
  get origin(): string | null {
    const at = this.server.address() as AddressInfo | null;
    if (at === null) return null;
    return `http://${at.family === 'IPv6' ? `[${at.address}]` : at.address}:${at.port}`;
  }

  /** Connections are closed as they are: a client that never ends must not keep a node from stopping. */
  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.server.close(() => resolve()));
    await (await this.loaded?.catch(() => null))?.close();
    this.server.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      this.loaded ??= this.load();
      (await this.loaded).routing(request, response);
    } catch (error) {
      this.loaded = null;
      this.failed(error as Error);
      response.destroy();
    }
  }

  private readonly refuse = (error: NodeJS.ErrnoException, socket: Duplex): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const body = JSON.stringify(
      problem('bad-request', 'the request is not HTTP/1.1, or its headers are too large'),
    );
    socket.end(
      `HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  };
}
