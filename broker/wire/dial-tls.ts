import { Socket } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, connect, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { LinkError } from '../link.js';
import { type Dial, dialTcp, hostOf, inTime, isSecure, portOf, serverName } from './dial.js';
import { joinWrites } from './join-writes.js';
import { WsSocket } from './ws-socket.js';

/** How a node proves who it is, and whom it believes; PEM texts. */
export interface Trust {
  /** Left out: the authorities that Node brings. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** The largest message of a WebSocket that is taken: several packets may come in one. */
const MAX_MESSAGE = 1024 * 1024;

/**
 * By the scheme of the address. `trust` is asked at every attempt, so that a new certificate is used at the next one;
 * what it throws is what the attempt fails with.
 */
export function dialer(trust: () => Trust): Dial {
  const sessions = new Sessions();
  return (url, timeoutMs) => {
    if (url.protocol === 'mqtt:' || url.protocol === 'tcp:') return dialTcp(url, timeoutMs);
    try {
      const options = isSecure(url) ? secured(url, trust()) : {};
      const resumed = isSecure(url) ? sessions.options(options) : {};
      const dial = url.protocol === 'mqtts:' ? dialTls : dialWs;
      return dial(url, { ...options, ...resumed }, sessions, timeoutMs);
    } catch (error) {
      return failed(error as Error);
    }
  };
}

/** MQTT.js would let an error that is thrown here end the process. */
function failed(error: Error & { code?: string }): Socket {
  const known =
    error instanceof LinkError
      ? error
      : new LinkError('certificate-unreadable', `our own certificate can't be used: ${error.message}`);
  return new Socket().destroy(known);
}

const secured = (url: URL, trust: Trust): ConnectionOptions => ({
  ...trust,
  minVersion: 'TLSv1.2',
  rejectUnauthorized: true,
  servername: serverName(url),
  checkServerIdentity: (_name, certificate) => checkServerIdentity(hostOf(url), certificate),
});

function dialTls(url: URL, options: ConnectionOptions, sessions: Sessions, timeoutMs: number): Socket {
  const socket = connect({ ...options, host: hostOf(url), port: portOf(url) });
  socket.setNoDelay(true);
  sessions.learn(socket);
  // Nothing is sent before the other end has proven who it is.
  socket.cork();
  socket.once('secureConnect', () => socket.uncork());
  joinWrites(socket);
  return inTime(socket, 'secureConnect', url, timeoutMs);
}

function dialWs(url: URL, options: ConnectionOptions, sessions: Sessions, timeoutMs: number): Socket {
  const ws = new WebSocket(url, 'mqtt', {
    ...(options as object),
    autoPong: false,
    perMessageDeflate: false,
    followRedirects: false,
    maxPayload: MAX_MESSAGE,
    finishRequest: request => {
      request.once('socket', socket => {
        socket.setNoDelay(true);
        if ('getSession' in socket) sessions.learn(socket as TLSSocket);
      });
      request.end();
    },
  });
  const socket = new WsSocket(ws, null) as unknown as Socket;
  joinWrites(socket);
  return inTime(socket, 'connect', url, timeoutMs);
}

/** The last session with the parent: to take it up again costs a fraction of a full handshake. */
class Sessions {
  #session: Buffer | null = null;
  /** Of the trust that it was made with: another authority does not stand for it. */
  #key = '';

  options({ ca, cert }: ConnectionOptions): { session?: Buffer } {
    const key = `${ca}\n${cert}`;
    if (key !== this.#key) this.#session = null;
    this.#key = key;
    return this.#session ? { session: this.#session } : {};
  }

  learn(socket: TLSSocket): void {
    const key = this.#key;
    socket.on('session', session => {
      if (key === this.#key) this.#session = session;
    });
  }
}
