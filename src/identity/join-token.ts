/** What `canopy enroll` prints and `canopy join` takes: where the parent is, how it is known, and the secret that lets a child in once. */
import { CanopyError } from '../core/errors.js';
import { nameProblem } from '../core/names.js';
import { parseJoinSecret } from './token-text.js';

export interface JoinToken {
  /** Of the parent's broker: `mqtts://host:port` or `wss://host:port`. */
  readonly url: string;
  /** SHA-256 of the DER of the parent's CA certificate, lower-case hex: checked before anything is sent. */
  readonly ca: string;
  readonly name: string;
  readonly kind: 'leaf' | 'relay';
  /** The MQTT password of the user `join`. */
  readonly secret: string;
  /** Milliseconds since the Unix epoch. */
  readonly exp: number;
}

const PREFIX = 'cnpy_join_';
/** Characters: a URL of 2,000 fits. */
const MOST = 4096;

export const printJoinToken = ({ url, ca, name, kind, secret, exp }: JoinToken): string =>
  PREFIX + Buffer.from(JSON.stringify({ url, ca, name, kind, secret, exp })).toString('base64url');

/** White space around it does no harm. @throws CanopyError `bad-join-token`, never telling what the token holds */
export function parseJoinToken(text: string): JoinToken {
  const trimmed = text.trim();
  if (!trimmed.startsWith(PREFIX) || trimmed.length > MOST || !/^[\w-]+$/.test(trimmed))
    throw bad(`expected ${PREFIX} and then letters, digits, _ and -, as canopy enroll prints it`);
  const found = fields(trimmed.slice(PREFIX.length));
  const problem = Object.entries(CHECKS).find(([key, check]) => !check(found[key]))?.[0];
  if (problem !== undefined)
    throw bad(`expected ${EXPECTED[problem as keyof JoinToken]} as its ${problem}, found something else`);
  const { url, ca, name, kind, secret, exp } = found as unknown as JoinToken;
  return { url, ca, name, kind, secret, exp };
}

const isText = (value: unknown): value is string => typeof value === 'string';
const CHECKS: { readonly [K in keyof JoinToken]: (value: unknown) => boolean } = {
  url: value => isText(value) && isBrokerUrl(value),
  ca: value => isText(value) && /^[0-9a-f]{64}$/.test(value),
  name: value => isText(value) && nameProblem(value) === null,
  kind: value => value === 'leaf' || value === 'relay',
  secret: value => isText(value) && parseJoinSecret(value) !== null,
  exp: value => Number.isSafeInteger(value) && (value as number) >= 0,
};
const EXPECTED: { readonly [K in keyof JoinToken]: string } = {
  url: 'mqtts://host:port or wss://host:port',
  ca: '64 hexadecimal digits',
  name: 'a name',
  kind: 'leaf or relay',
  secret: 'an id and 43 characters',
  exp: 'milliseconds',
};

function isBrokerUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  return (
    url !== null &&
    ['mqtts:', 'wss:'].includes(url.protocol) &&
    url.hostname !== '' &&
    url.username + url.password + url.hash === ''
  );
}

function fields(encoded: string): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'));
    if (typeof found === 'object' && found !== null && !Array.isArray(found))
      return found as Record<string, unknown>;
  } catch {
    // cut off on the way, most likely
  }
  throw bad('expected all of the text that canopy enroll printed, found a part of it or something else');
}

const bad = (what: string): CanopyError => new CanopyError('bad-join-token', `join token: ${what}`);
