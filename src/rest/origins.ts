/** Which site a request comes from, and what that allows. Pure. Fetch standard, section 3; Fetch Metadata. */
import { isIP } from 'node:net';
import { CanopyError } from '../core/errors.js';

export interface Asked {
  readonly method: string;
  readonly encrypted: boolean;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
}

const HARMLESS = new Set(['GET', 'HEAD', 'OPTIONS']);
const METHODS = 'GET, POST, DELETE';
const ASKED_WITH = 'authorization, content-type, last-event-id';

/** For a request from an origin that is listed; none for any other, which a browser takes for a no. */
export function corsHeaders({ origin, method }: Asked, listed: readonly string[]): Record<string, string> {
  // Also where it is not listed: a cache must not hand the answer for one origin to another.
  const vary: Record<string, string> = listed.length > 0 ? { vary: 'origin' } : {};
  if (origin === undefined || !listed.includes(origin)) return vary;
  const allowed = {
    ...vary,
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'location, retry-after',
    'cross-origin-resource-policy': 'cross-origin',
  };
  if (method !== 'OPTIONS') return allowed;
  return {
    ...allowed,
    'access-control-allow-methods': METHODS,
    'access-control-allow-headers': ASKED_WITH,
    'access-control-max-age': '600',
  };
}

/**
 * Why a request that changes something may not go by a cookie: the browser sends that along whichever page has asked. Its Origin
 * must be ours or listed; where a browser sends none, it must say itself that the page is of this very origin.
 */
export function crossSite(asked: Asked, listed: readonly string[]): CanopyError | null {
  const { method, origin, fetchSite } = asked;
  if (HARMLESS.has(method)) return null;
  if (origin === undefined ? fetchSite === 'same-origin' : isOurs(asked) || listed.includes(origin))
    return null;
  const found = origin === undefined ? 'none' : JSON.stringify(origin.slice(0, 200));
  return new CanopyError(
    'cross-site',
    `with a cookie, expected Origin to be this one's or listed in cors_origins, found ${found}`,
  );
}

function isOurs({ origin, host, encrypted }: Asked): boolean {
  return host !== undefined && origin === `${encrypted ? 'https' : 'http'}://${host.toLowerCase()}`;
}

/**
 * Where nobody is asked who he is, a page on the internet whose name is suddenly that of this machine (DNS rebinding) would be
 * ours to its browser: a name with a dot is taken only where an origin that is listed has it.
 */
export function rebound(host: string | undefined, listed: readonly string[]): CanopyError | null {
  const name = hostName(host);
  const isLocal = name === '' || isIP(name) !== 0 || !name.includes('.') || name.endsWith('.localhost');
  if (isLocal || listed.some(origin => new URL(origin).hostname === name)) return null;
  return new CanopyError(
    'cross-site',
    `without authentication, expected Host to be an address, localhost or that of one of cors_origins, found ${JSON.stringify(name.slice(0, 200))}`,
  );
}

function hostName(host = ''): string {
  const bracketed = /^\[([^\]]*)\]/.exec(host)?.[1];
  return (bracketed ?? host.replace(/:\d*$/, '')).toLowerCase().replace(/\.$/, '');
}
