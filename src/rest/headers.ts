/** Headers that every answer carries, whoever made it. Nothing that answers here is meant to be a page, yet. */

const ALWAYS: Readonly<Record<string, string>> = {
  // An answer is never run, framed or taken for another type, whatever a target or a name has put into it.
  'content-security-policy':
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
};
/** Seconds, RFC 6797: two years, what browsers' preload lists ask for. */
const HSTS = { 'strict-transport-security': 'max-age=63072000' };

export const securityHeaders = (encrypted: boolean): Readonly<Record<string, string>> =>
  encrypted ? { ...ALWAYS, ...HSTS } : ALWAYS;
