import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { createSecureContext, createServer, type SecureContextOptions, type TLSSocket } from 'node:tls';
import type { Layer } from '../listener.js';
import type { Refusal } from '../rules.js';

/** PEM files; without `ca` no certificate that a client shows is taken. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca: string | null;
}

/** Reads a file with a secret; a wrapper may look at its mode first. */
export type ReadFile = (path: string) => string;

export type OnTlsRefused = (why: Refusal, connection: Socket) => void;

/** TLS 1.2 is the least; BCP 195 (RFC 9325). */
export const MIN_VERSION = 'TLSv1.2';
/** Milliseconds between two looks whether a file has changed. */
const LOOK_MS = 1000;

const stamp = (file: string): string => {
  try {
    const { mtimeMs, size, ino } = statSync(file);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return '';
  }
};

/** A server of TLS or HTTPS. */
interface Secured {
  setSecureContext(options: SecureContextOptions): void;
}

/** Certificate, key and authorities of a server from their files, read again when these change. */
export class ServerIdentity {
  readonly #servers = new Set<Secured>();
  readonly #timer: NodeJS.Timeout;
  #options: SecureContextOptions;
  #stamps: string;

  /** Throws where a file can't be read, or the key does not fit the certificate. `onTrouble` is told when that is so later. */
  constructor(
    private readonly files: TlsFiles,
    private readonly read: ReadFile = path => readFileSync(path, 'utf8'),
    private readonly onTrouble: (error: Error) => void = () => {},
    /** Told when new ones are in use. */
    private readonly onRenewed: () => void = () => {},
  ) {
    this.#stamps = this.#look();
    this.#options = this.#load();
    this.#timer = setInterval(() => this.refresh(), LOOK_MS).unref();
  }

  get options(): SecureContextOptions {
    return this.#options;
  }

  /** The server uses what the files hold from now on: new connections at once, those that are there go on. */
  serve(server: Secured): void {
    this.#servers.add(server);
  }

  /** Looks at its files no more. */
  close(): void {
    clearInterval(this.#timer);
  }

  /** Looks whether the files have changed; keeps what it has where the new ones do not fit (yet). */
  refresh(): void {
    const stamps = this.#look();
    if (stamps === this.#stamps) return;
    this.#stamps = stamps;
    try {
      this.#options = this.#load();
      for (const server of this.#servers) server.setSecureContext(this.#options);
      this.onRenewed();
    } catch (error) {
      this.onTrouble(error as Error);
    }
  }

  #look(): string {
    const { cert, key, ca } = this.files;
    return [cert, key, ca].map(file => (file ? stamp(file) : '')).join('|');
  }

  #load(): SecureContextOptions {
    const { cert, key, ca } = this.files;
    const authorities = ca === null ? null : readFileSync(ca, 'utf8');
    const options = {
      minVersion: MIN_VERSION,
      cert: chain(readFileSync(cert, 'utf8'), authorities),
      key: this.read(key),
      // Not the authorities of the system: whoever has a certificate of theirs would come in.
      ca: authorities ?? [],
    } as const;
    // Throws for a key that does not fit.
    createSecureContext(options);
    return options;
  }
}

/** The authority behind the certificate, so that a child that knows it by its fingerprint alone is shown it. */
function chain(cert: string, authorities: string | null): string {
  const last = pems(cert).at(-1);
  const issuer = pems(authorities ?? '').find(
    ca => last && last.raw.compare(ca.raw) !== 0 && last.checkIssued(ca),
  );
  return issuer ? `${cert.trimEnd()}\n${issuer.toString()}` : cert;
}

const pems = (text: string): X509Certificate[] =>
  (text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []).map(
    pem => new X509Certificate(pem),
  );

/** TLS; hands on connections without a certificate, and those with one that is verified. */
export function tlsLayer(identity: ServerIdentity, refused: OnTlsRefused): Layer {
  return onward => {
    const server = createServer({ ...identity.options, requestCert: true, rejectUnauthorized: false });
    identity.serve(server);
    server.on('tlsClientError', (error: TlsError, socket) => {
      // Whoever just goes away has done nothing; whom we have cut has been told of.
      if (error.code !== 'ECONNRESET')
        refused({ code: 'tls-failed', reason: `no TLS connection: ${words(error)}` }, socket);
    });
    server.on('secureConnection', socket => {
      const problem = certificateProblem(socket);
      if (problem === null) return onward(socket);
      socket.on('error', () => {});
      refused({ code: 'bad-certificate', reason: problem }, socket);
      socket.destroy();
    });
    return connection => void server.emit('connection', connection);
  };
}

/** Why a client's certificate is not taken; null where it is, or none was shown. */
function certificateProblem(socket: TLSSocket): string | null {
  const shown = socket.getPeerX509Certificate();
  if (!shown) return null;
  if (!socket.authorized) return `its certificate is not taken: ${socket.authorizationError}`;
  // A resumed session was verified when it began.
  const hasEnded = Date.parse(shown.validTo) < Date.now();
  return hasEnded ? `its certificate is not taken: it ended at ${shown.validTo}` : null;
}

type TlsError = Error & { readonly reason?: string; readonly code?: string };

/** Without the place in OpenSSL's sources. */
const words = (error: TlsError): string => error.reason ?? error.code ?? error.message;
