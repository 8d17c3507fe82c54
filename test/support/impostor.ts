/** Whoever stands where a parent should. */
import { createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';

/** Listens in a parent's place, by TLS or plain, until the test ends. Returns its port. */
export async function impostor(
  t: TestContext,
  port: number,
  take: (socket: Socket) => void,
  tls: object | null = null,
) {
  const server = tls ? createTlsServer(tls, take) : createServer(take);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => {}));
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as { port: number }).port;
}
