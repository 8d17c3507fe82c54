/** The HTTP listener. What answers is loaded when somebody first asks: it is a third of the memory and of the time to start. */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { ServerIdentity } from '../../broker/listen/tls.js';
import { securityHeaders } from './headers.js';
import { problem } from './problem.js';
import { shareConnections } from './share.js';

export interface Answerer {
  readonly routing: (request: IncomingMessage, response: ServerResponse) => void;
  close(): Promise<unknown>;
}

export interface FrontLimits {
  /** At a time: more would take the descriptors that targets need to be started. Of one address at most half. */
  readonly connections: number;
  /** Bytes of a request's headers. */
  readonly headerBytes: number;
  /** Told of each crossing, by the setting. */
  readonly crossed: (limit: 'rest_connections' | 'rest_max_header' | 'rest_time' | 'rest_handshake') => void;
}

const LIMITS: FrontLimits = { connections: 500, headerBytes: 16_384, crossed: () => {} };
/** Milliseconds: for a whole request, for its headers, between two looks at who is late, and idle between two requests. */
const TIMES = {
  requestTimeout: 10_000,
  headersTimeout: 5000,
  connectionsCheckingInterval: 2000,
  keepAliveTimeout: 72_000,
};

function secure(identity: ServerIdentity, options: ServerOptions, answer: RequestListener): Server {
  const handshakeTimeout = TIMES.headersTimeout;
  const server = createSecureServer({ ...options, ...identity.options, handshakeTimeout }, answer);
  identity.serve(server);
  return server;
}

export class Front {
  private readonly server: Server;
  private loaded: Promise<Answerer> | null = null;

  constructor(
    private readonly load: () => Promise<Answerer>,
    private readonly failed: (error: Error) => void,
    private readonly limits: FrontLimits = LIMITS,
    /** Speaks HTTPS with it. */
    private readonly identity: ServerIdentity | null = null,
  ) {
    const options = { ...TIMES, maxHeaderSize: limits.headerBytes };
    const answer = (request: IncomingMessage, response: ServerResponse) =>
      void this.answer(request, response);
    this.server = identity ? secure(identity, options, answer) : createServer(options, answer);
    this.server.maxConnections = limits.connections;
    this.server.on('drop', () => limits.crossed('rest_connections'));
    this.server.on('clientError', this.refuse);
    shareConnections(this.server, Math.ceil(limits.connections / 2), () =>
      limits.crossed('rest_connections'),
    );
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

  /** `http://host:port`, or https, while it listens. */
  get origin(): string | null {
    const at = this.server.address() as AddressInfo | null;
    if (at === null) return null;
    const scheme = this.identity ? 'https' : 'http';
    return `${scheme}://${at.family === 'IPv6' ? `[${at.address}]` : at.address}:${at.port}`;
  }

  /** Connections are closed as they are: a client that never ends must not keep a node from stopping. */
  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.server.close(() => resolve()));
    await (await this.loaded?.catch(() => null))?.close();
    this.server.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isEncrypted = (request.socket as TLSSocket).encrypted === true;
    for (const [name, value] of Object.entries(securityHeaders(isEncrypted))) response.setHeader(name, value);
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
    if (error.code === 'HPE_HEADER_OVERFLOW') this.limits.crossed('rest_max_header');
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') this.limits.crossed('rest_time');
    const isTls = /^ERR_(SSL|TLS)/.test(error.code ?? '');
    if (isTls) this.limits.crossed('rest_handshake');
    if (error.code === 'ECONNRESET' || isTls || !socket.writable) return void socket.destroy();
    const always = Object.entries(securityHeaders((socket as TLSSocket).encrypted === true));
    const headers = always.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const body = JSON.stringify(
      problem('bad-request', 'the request is not HTTP/1.1, or its headers are too large'),
    );
    socket.end(
      `HTTP/1.1 400 Bad Request\r\n${headers}content-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  };
}
