/** A problem as RFC 9457 has it, with a stable code. */
import { STATUS_CODES } from 'node:http';
import type { ErrorCode } from '../core/errors.js';

const STATUS_OF: Partial<Record<ErrorCode, number>> = {
  unauthenticated: 401,
  'bad-credentials': 401,
  'expired-credentials': 401,
  revoked: 401,
  'not-authorized': 403,
  'cross-site': 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'node-alive': 409,
  'id-in-use': 409,
  'name-in-use': 409,
  'no-ca': 409,
  'no-such-credential': 404,
  locked: 409,
  'grep-failed': 422,
  'grep-busy': 429,
  'too-many-streams': 429,
  'slow-down': 429,
  'node-unreachable': 503,
  'no-result': 504,
  'body-too-large': 413,
  'unsupported-media-type': 415,
  'internal-error': 500,
};

export function problem(code: ErrorCode, detail: string, instance?: string) {
  const status = STATUS_OF[code] ?? 400;
  const title = STATUS_CODES[status] ?? 'Error';
  return { type: 'about:blank', title, status, code, detail, ...(instance && { instance }) };
}
