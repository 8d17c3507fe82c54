/** Bytes to typed payloads and back. Nothing unchecked gets past this file. */
import { Compile } from 'typebox/compile';
import { CHANNELS, type Channel } from '../core/names.js';
import { type Payloads, SCHEMAS } from './payloads.js';

export class MalformedPayload extends Error {
  readonly code = 'bad-payload';
}

interface SchemaError {
  instancePath: string;
  message: string;
  params?: object;
}
interface Validator {
  Check(value: unknown): boolean;
  Errors(value: unknown): Iterable<SchemaError>;
}
const validators = new Map<Channel, Validator>(CHANNELS.map(name => [name, Compile(SCHEMAS[name])]));

/** Characters of a message about a payload: what a stranger sent may be in it. */
const MESSAGE_MAX = 300;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** JSON of any shape; throws MalformedPayload saying what was found instead. */
export function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(payload));
  } catch (error) {
    throw new MalformedPayload(
      `expected UTF-8 JSON, found ${excerpt(payload)} (${(error as Error).message.split('\n')[0]})`,
    );
  }
}

/**
 * The heartbeat that was written last, and what it says. Where the broker is in this process, it asks for it before another is
 * written: of these very bytes, which nobody writes to, nothing else can be read.
 */
let written: { readonly payload: Uint8Array; readonly beat: Payloads['hb'] } | null = null;

export const decode = <C extends Channel>(channel: C, payload: Uint8Array): Payloads[C] =>
  check(channel, payload === written?.payload ? written.beat : parseJson(payload));

export function check<C extends Channel>(channel: C, value: unknown): Payloads[C] {
  const validator = validators.get(channel) as Validator;
  if (validator.Check(value)) return value as Payloads[C];
  const problem = firstError(validator.Errors(value), value);
  throw new MalformedPayload(`${channel} payload: ${problem.slice(0, MESSAGE_MAX)}`);
}

function firstError(errors: Iterable<SchemaError>, value: unknown): string {
  if (typeof value !== 'object' || value === null)
    return `expected a JSON object, found ${JSON.stringify(value)}`;
  const [first, ...others] = errors;
  if (first === undefined) return 'does not have the shape that topics.md describes';
  const { instancePath } = first;
  // Of a choice each is told.
  const choices = others.filter(other => other.instancePath === instancePath && !/anyOf/.test(other.message));
  const all = [first, ...choices];
  const wrong = [...new Set(all.map(inWords))].join(' or ');
  return instancePath === ''
    ? `it ${wrong}`
    : `${instancePath} ${wrong}, found ${found(value, instancePath)}`;
}

function inWords({ message, params }: SchemaError): string {
  const detail = Object.values(params ?? {}).flat();
  // What typebox says of a field that is not allowed at all.
  const text = message === 'schema is false' ? 'is not known' : message;
  return detail.length > 0 ? `${text} (${detail.join(', ')})` : text;
}

/** Characters of what was found. */
const FOUND_MAX = 60;

/** `path`: a JSON pointer (RFC 6901). */
function found(value: unknown, path: string): string {
  const keys = path.slice(1).split('/');
  const at = keys.reduce<unknown>(
    (within, key) => (within as Record<string, unknown>)?.[key.replaceAll('~1', '/').replaceAll('~0', '~')],
    value,
  );
  // However deep it is.
  if (typeof at === 'object' && at !== null) return Array.isArray(at) ? 'an array' : 'an object';
  return (JSON.stringify(at) ?? 'nothing').slice(0, FOUND_MAX);
}

/** A heartbeat is not to be changed any more. */
export function encode<C extends Channel>(channel: C, value: Payloads[C]): Buffer {
  const payload = Buffer.from(JSON.stringify(value));
  if (channel === 'hb') written = { payload, beat: value as Payloads['hb'] };
  return payload;
}

/** The first printable characters of a payload, for a message to a person. */
export function excerpt(payload: Uint8Array): string {
  const head = Buffer.from(payload.subarray(0, 60)).toString('latin1');
  const shown = JSON.stringify(head.replace(/[^\x20-\x7e]/g, '.'));
  return payload.length > 60 ? `${shown}… (${payload.length} bytes)` : shown;
}
