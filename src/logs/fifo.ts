/** A FIFO that a target writes to where holes can't be punched: it holds it open itself, so that it outlives us. */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';

/** Bytes: as much as a FIFO holds. */
const buffer = Buffer.allocUnsafeSlow(64 * 1024);

export class Fifo {
  private socket: Socket | null = null;

  constructor(
    readonly path: string,
    private readonly take: (bytes: Buffer) => void,
  ) {}

  get exists(): boolean {
    return existsSync(this.path);
  }

  /** Throws where there can be none. */
  make(): void {
    if (this.exists) return;
    const { status, error } = spawnSync('mkfifo', ['-m', '640', this.path]);
    if (status !== 0) throw error ?? new Error(`cannot make a FIFO: ${this.path}`);
  }

  /** Nothing where there is none. */
  start(): void {
    if (this.socket || !existsSync(this.path)) return;
    // Open for writing as well, or it would end with each target.
    const fd = openSync(this.path, constants.O_RDWR | constants.O_NONBLOCK);
    this.socket = new Socket({ fd, readable: true, writable: false });
    this.socket.on('data', this.take).on('error', () => {});
    this.socket.unref();
  }

  /** What is in it now, for the time when nobody writes any more. */
  drain(): void {
    if (!this.socket || !existsSync(this.path)) return;
    const fd = openSync(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      for (let read = 1; read > 0; ) {
        read = readSync(fd, buffer);
        if (read > 0) this.take(Buffer.from(buffer.subarray(0, read)));
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    } finally {
      closeSync(fd);
    }
  }

  stop(): void {
    this.socket?.destroy();
    this.socket = null;
  }
}
