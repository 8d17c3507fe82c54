import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { WebSocket } from 'ws';

/** Bytes of a message that we send at most; the other side has a limit too. */
const PIECE = 16 * 1024;
/** Bytes that may wait to be sent before pings are answered no more: answering is no way to fill our memory. */
const BACKLOG = 64 * 1024;

/** A WebSocket that carries MQTT, as the stream of bytes that it is (MQTT 3.1.1, 6). Text frames end it [MQTT-6.0.0-1]. */
export class WsSocket extends Duplex {
  #tcp: Socket | TLSSocket | null;

  constructor(
    readonly ws: WebSocket,
    tcp: Socket | TLSSocket | null,
    /** Called once, before the first bytes are sent: by a broker its CONNACK. */
    private answers: (() => void) | null = null,
  ) {
    super({ allowHalfOpen: false });
    this.#tcp = tcp;
    ws.binaryType = 'nodebuffer';
    if (ws.readyState === ws.CONNECTING) {
      // Nothing is sent before the other end has proven who it is.
      this.cork();
      ws.once('upgrade', ({ socket }) => {
        this.#tcp = socket;
      });
      ws.once('open', () => {
        this.emit('connect');
        this.uncork();
      });
    }
    ws.on('message', (data, isBinary) => {
      if (!isBinary) this.destroy(new Error('MQTT comes in binary frames'));
      else if (!this.push(data as Buffer)) ws.pause();
    });
    ws.on('ping', data => {
      if (ws.bufferedAmount < BACKLOG) ws.pong(data);
      else this.destroy(new Error('it sends pings and reads no pongs'));
    });
    ws.on('error', error => this.destroy(error));
    ws.on('close', () => {
      this.push(null);
      this.destroy();
    });
  }

  get remoteAddress(): string | undefined {
    return this.#tcp?.remoteAddress;
  }
  get remotePort(): number | undefined {
    return this.#tcp?.remotePort;
  }
  get localAddress(): string | undefined {
    return this.#tcp?.localAddress;
  }
  get localPort(): number | undefined {
    return this.#tcp?.localPort;
  }
  /** That of the TLS below it. */
  get authorized(): boolean {
    return this.#tcp !== null && 'authorized' in this.#tcp && this.#tcp.authorized;
  }
  getPeerCertificate(): object {
    return this.#tcp !== null && 'getPeerCertificate' in this.#tcp ? this.#tcp.getPeerCertificate() : {};
  }

  override _read(): void {
    if (this.ws.isPaused) this.ws.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.answers?.();
    this.answers = null;
    if (this.ws.readyState !== this.ws.OPEN) return done(new Error('the WebSocket is closed'));
    for (let at = 0; at + PIECE < chunk.length; at += PIECE) this.ws.send(chunk.subarray(at, at + PIECE));
    const last = chunk.length === 0 ? 0 : Math.floor((chunk.length - 1) / PIECE) * PIECE;
    this.ws.send(chunk.subarray(last), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.ws.readyState === this.ws.OPEN) this.ws.close(1000);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.ws.terminate();
    done(error);
  }

  // What a Socket has beside a stream; MQTT.js and aedes ask for none of it in earnest.
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  setTimeout(): this {
    return this;
  }
}
