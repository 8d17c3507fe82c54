import { createServer, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import type { Layer } from '../listener.js';
import type { Refusal } from '../rules.js';
import { allowBytes } from '../wire/ws-private.js';
import { WsSocket } from '../wire/ws-socket.js';

export interface WsOptions {
  readonly path: string;
  /** Pages whose scripts may connect; a caller that is no browser sends no Origin. */
  readonly origins: readonly string[];
  /** Bytes of a message, which is not bound to hold one packet, nor a whole one. */
  readonly maxMessageBytes: number;
  /** The same until it was answered for the first time, by a CONNACK. */
  readonly maxFirstBytes: number;
}

interface No {
  readonly status: string;
  readonly refusal: Refusal;
}

/** Why an upgrade is refused; null where it is not. Pure. */
export function upgradeProblem(
  { path, origins }: Pick<WsOptions, 'path' | 'origins'>,
  { url = '', headers }: Pick<IncomingMessage, 'url' | 'headers'>,
): No | null {
  const no = (status: string, code: string, reason: string): No => ({ status, refusal: { code, reason } });
  if (url.split('?')[0] !== path) return no('404 Not Found', 'bad-websocket', `MQTT is at ${path}`);
  const { origin } = headers;
  // A browser lets any page connect anywhere: the server is who looks (RFC 6455, 10.2).
  if (origin !== undefined && !origins.includes(origin))
    return no('403 Forbidden', 'origin-not-allowed', 'pages of this origin may not connect: cors_origins');
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map(word => word.trim());
  // [MQTT-6.0.0-3]
  if (!offered.includes('mqtt'))
    return no('400 Bad Request', 'bad-websocket', 'expected the subprotocol mqtt');
  return null;
}

/** WebSockets that carry MQTT (MQTT 3.1.1, 6). */
export function wsLayer(options: WsOptions, refused: (why: Refusal, connection: Socket) => void): Layer {
  return onward => {
    const wss = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      autoPong: false,
      maxPayload: options.maxFirstBytes,
      handleProtocols: () => 'mqtt',
    });
    const server = createServer({ maxHeaderSize: 8192 }, (_request, response) => {
      response.writeHead(426, { connection: 'close', upgrade: 'websocket', 'content-length': 0 }).end();
    });
    server.on('clientError', (_error, socket) => socket.destroy());
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head) => {
      const no = upgradeProblem(options, request);
      socket.on('error', () => {});
      if (!no)
        return wss.handleUpgrade(request, socket, head, ws => {
          const answers = (): void => allowBytes(ws, options.maxMessageBytes);
          onward(new WsSocket(ws, socket, answers) as never);
        });
      refused(no.refusal, socket);
      socket.end(`HTTP/1.1 ${no.status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    });
    return connection => void server.emit('connection', connection);
  };
}
