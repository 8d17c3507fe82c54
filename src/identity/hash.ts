/** Secrets as they are kept: scrypt of node:crypto, in the notation of the PHC string format. */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/** ln is the logarithm of N. */
export interface Cost {
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

/**
 * One of the five settings that OWASP's Password Storage Cheat Sheet gives as equals (section scrypt): N = 2^14, r = 8, p = 5.
 * It takes 16 MiB while it works, where the first of them, 2^17 and 1, takes 128.
 */
export const COST: Cost = { ln: 14, r: 8, p: 5 };
/** What a file may ask for: more would let whoever wrote it hold this process up. */
const MOST: Cost = { ln: 17, r: 8, p: 10 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Of a secret that is looked at at all. */
const MOST_SECRET_BYTES = 1024;

const SHAPE = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

export const isHash = (text: string): boolean => parse(text) !== null;

export async function hashSecret(secret: string, cost: Cost = COST): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(secret, salt, cost);
  return `$scrypt$ln=${cost.ln},r=${cost.r},p=${cost.p}$${base64(salt)}$${base64(hash)}`;
}

/** Off the main thread; compared in constant time. False for a hash of another shape. */
export async function fitsHash(secret: string, text: string): Promise<boolean> {
  const kept = parse(text);
  if (!kept || Buffer.byteLength(secret) > MOST_SECRET_BYTES) return false;
  return timingSafeEqual(await derive(secret, kept.salt, kept.cost), kept.hash);
}

function parse(text: string): { cost: Cost; salt: Buffer; hash: Buffer } | null {
  const [, ln, r, p, salt = '', hash = ''] = SHAPE.exec(text) ?? [];
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  // RFC 7914, section 2: N is less than 2^(16 r).
  const isSane =
    within(cost.ln, Math.min(MOST.ln, 16 * cost.r - 1)) && within(cost.r, MOST.r) && within(cost.p, MOST.p);
  return isSane ? { cost, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') } : null;
}

function derive(secret: string, salt: Buffer, { ln, r, p }: Cost): Promise<Buffer> {
  const options: ScryptOptions = { N: 2 ** ln, r, p, maxmem: 256 * r * (2 ** ln + p + 2) };
  return new Promise((resolve, reject) =>
    scrypt(secret, salt, HASH_BYTES, options, (error, key) => (error ? reject(error) : resolve(key))),
  );
}

const within = (value: number, most: number): boolean => value >= 1 && value <= most;
const base64 = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
