/**
 * Logins by cookie. What is kept can't be used by whoever reads it: the token lies sealed under the session's id, which only
 * the browser has. The token is looked at anew with each request, so that a revoked one ends its sessions.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.js';

/** Of one token, and in all: the oldest goes. */
const MOST_OF_ONE = 20;
const MOST = 1000;
const CIPHER = 'aes-256-gcm';

interface Session {
  readonly name: string;
  readonly sealed: Sealed;
  /** Monotonic ms. */
  readonly endsAt: number;
}

export class Sessions {
  private readonly open = new Map<string, Session>();

  /** `lifeMs`: how long one lasts. */
  constructor(
    private readonly lifeMs: number,
    private readonly clock: Clock,
  ) {}

  get size(): number {
    return this.open.size;
  }

  /** The id of a new one, for the holder of a token that was looked at. */
  begin(name: string, token: string): string {
    const id = randomBytes(32).toString('base64url');
    const endsAt = this.clock.mono() + this.lifeMs;
    this.open.set(keyOf(id), { name, sealed: seal(token, id), endsAt });
    const own = [...this.open].filter(([, session]) => session.name === name);
    if (own.length > MOST_OF_ONE) this.open.delete((own[0] as [string, Session])[0]);
    if (this.open.size > MOST) this.open.delete(this.open.keys().next().value as string);
    return id;
  }

  /** The token that it was begun with; null where there is none, or no more. */
  tokenOf(id: string): string | null {
    const session = this.open.get(keyOf(id));
    if (session === undefined) return null;
    if (this.clock.mono() < session.endsAt) return unseal(session.sealed, id);
    this.end(id);
    return null;
  }

  /** False where there was none. */
  end(id: string): boolean {
    return this.open.delete(keyOf(id));
  }
}

interface Sealed {
  readonly iv: Buffer;
  readonly text: Buffer;
  readonly tag: Buffer;
}

/** The ids are random and long: a plain hash of one tells nothing of it, and to look it up takes no secret's time. */
const keyOf = (id: string): string => createHash('sha256').update(id).digest('hex');
const secretOf = (id: string): Buffer => Buffer.from(hkdfSync('sha256', id, '', 'canopy session', 32));

function seal(text: string, id: string): Sealed {
  const iv = randomBytes(12);
  const cipher = createCipheriv(CIPHER, secretOf(id), iv);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return { iv, text: sealed, tag: cipher.getAuthTag() };
}

function unseal({ iv, text, tag }: Sealed, id: string): string {
  const decipher = createDecipheriv(CIPHER, secretOf(id), iv).setAuthTag(tag);
  return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
}

/** Under TLS the name tells the browser to take it from nobody else, no neighbour under the same domain either. */
export const cookieName = (encrypted: boolean): string =>
  encrypted ? '__Host-canopy_session' : 'canopy_session';

/** RFC 6265, section 4.1; null `id` ends it. `seconds`: how long the browser keeps it. */
export function setCookie(id: string | null, encrypted: boolean, seconds: number): string {
  const age = id === null ? 0 : Math.floor(seconds);
  const rest = `Path=/; Max-Age=${age}; HttpOnly; SameSite=Strict${encrypted ? '; Secure' : ''}`;
  return `${cookieName(encrypted)}=${id ?? ''}; ${rest}`;
}

/** The id that a Cookie header holds; null where it holds none. */
export function sessionId(header: string | undefined, encrypted: boolean): string | null {
  const start = `${cookieName(encrypted)}=`;
  const found = (header ?? '').split(';').find(part => part.trim().startsWith(start));
  const id = found?.trim().slice(start.length) ?? '';
  return /^[\w-]{43}$/.test(id) ? id : null;
}
