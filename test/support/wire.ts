/** A line between two nodes that can be cut, and be silent. */

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import type { Scope } from './sandbox.js';

export class Wire {
  private readonly sockets = new Set<Socket>();
  private state: 'up' | 'cut' | 'silent' = 'up';

  private readonly server = createServer(near => this.join(near));
  private to = 0;

  constructor(scope: Scope) {
    scope.after(async () => {
      this.cut();
      await new Promise(resolve => this.server.close(resolve));
    });
  }

  async listen(to: number): Promise<void> {
    this.to = to;
    await new Promise<void>(resolve => this.server.listen(0, '127.0.0.1', resolve));
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Every connection breaks, and none is made. */
  cut(): void {
    this.state = 'cut';
    for (const socket of this.sockets) socket.destroy();
  }

  /** Nothing passes any more, and nobody is told: as when a cable is pulled. */
  silence(): void {
    this.state = 'silent';
  }

  heal(): void {
    if (this.state === 'silent') for (const socket of this.sockets) socket.destroy();
    this.state = 'up';
  }

  private join(near: Socket): void {
    if (this.state === 'cut') return void near.destroy();
    this.hold(near);
    // Without an answer, as from behind a cable that is pulled.
    if (this.state === 'silent') return;
    const far = connect(this.to, '127.0.0.1');
    this.hold(far);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', bytes => this.state === 'up' && to.write(bytes));
      from.on('close', () => this.state !== 'silent' && to.destroy());
    }
  }

  private hold(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.sockets.delete(socket));
  }
}
