/** A command as JSON or as plain words: `restart`, `signal HUP`, `restart app=web`, `scale app=web count=3`. */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { check, excerpt, MalformedPayload, parseJson } from './codec.js';
import type { Command } from './payloads.js';

export { LEAF_OPS, NODE_OPS } from '../core/ops.js';

const SELECT_KEYS = new Set(['app', 'path', 'label']);
const TOP_KEYS = new Set(['id', 'by', 'strategy']);
/** The argument that a word without a key is: `signal HUP`, `maintenance on`. */
const POSITIONAL: Readonly<Record<string, string>> = { signal: 'signal', maintenance: 'mode' };
const WHITE_SPACE = new Set(Buffer.from(' \t\n\r'));
const OPENING_BRACE = 0x7b;
const WORD = /^[a-z][a-z-]*$/;

/** Decodes what arrived on `cmd`. Throws MalformedPayload. An id is made where none came. */
export function decodeCommand(payload: Uint8Array): Command {
  const first = payload.find(byte => !WHITE_SPACE.has(byte));
  return asCommand(first === OPENING_BRACE ? parseJson(payload) : parseWords(payload));
}

/** JSON of any version-less shape (REST, words) to a checked command. */
export function asCommand(value: unknown): Command {
  const whole = typeof value === 'object' && value !== null && !('v' in value) ? { v: 1, ...value } : value;
  const command = check('cmd', whole);
  if (command.id !== undefined && (!command.id.isWellFormed() || command.id === '.' || command.id === '..')) {
    throw new MalformedPayload(
      'id: expected 1 to 128 characters that can stand in a URL, found a half of one, "." or ".."',
    );
  }
  if (!isWritable(command)) throw new MalformedPayload('cmd payload: nested too deeply to be passed on');
  return command.id === undefined ? { ...command, id: randomUUID() } : command;
}

/** What V8 parses it does not always write again: it recurses there. */
function isWritable(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}

function parseWords(payload: Uint8Array): object {
  const words = Buffer.from(payload).toString('utf8').trim().split(/\s+/);
  const [op = '', ...rest] = words;
  if (!WORD.test(op)) {
    throw new MalformedPayload(
      `expected a JSON object or plain words such as "restart" or "signal HUP", found ${excerpt(payload)}`,
    );
  }
  return wordsToCommand(op, rest);
}

/** `restart app=web max=1` as the fields of a command. */
export function wordsToCommand(op: string, words: readonly string[]): Record<string, unknown> {
  const command: Fields = { v: 1, op };
  const args: Fields = {};
  const select: Fields = {};
  for (const word of words) {
    const at = word.indexOf('=');
    // What to forget is an argument: it never goes to a selection.
    if (op === 'forget' && word.startsWith('path=')) args.path = word.slice(at + 1);
    else if (at > 0) put(word.slice(0, at), word.slice(at + 1), { command, args, select });
    else if (word === 'all') select.all = true;
    else if (POSITIONAL[op] && args[POSITIONAL[op]] === undefined && at === -1) args[POSITIONAL[op]] = word;
    else
      throw new MalformedPayload(
        `expected words of the form key=value after "${op}", found "${word.slice(0, 60)}"`,
      );
  }
  if (Object.keys(args).length > 0) command.args = args;
  if (Object.keys(select).length > 0) command.select = select;
  return command;
}

type Fields = Record<string, unknown>;

function put(key: string, value: string, into: { command: Fields; args: Fields; select: Fields }): void {
  const given = [into.select, into.command, into.args].some(fields => Object.hasOwn(fields, camel(key)));
  // The last one would silently win: `stop label=env=test label=zone=a` stops all of zone a.
  if (given && key !== 'op') throw new MalformedPayload(`expected each key once, found "${key}" twice`);
  if (SELECT_KEYS.has(key)) into.select[key] = value;
  else if (TOP_KEYS.has(key)) into.command[key] = value;
  else if (key === 'pick') into.command.pick = scalar(value);
  else define(into.args, camel(key), scalar(value));
}

/** `max-unavailable` as JSON has it: `maxUnavailable`. */
const camel = (word: string): string =>
  word.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** A plain assignment would lose `__proto__`. */
const define = (fields: Fields, key: string, value: unknown): Fields =>
  Object.defineProperty(fields, key, { value, enumerable: true, writable: true, configurable: true });

const scalar = (text: string): unknown =>
  text === 'true' ? true : text === 'false' ? false : /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;

/** The plain words that decode to this very command; null where none do (nested arguments, white space, `expiresAt`). */
export function commandToWords(command: Omit<Command, 'id'> & { readonly id?: string }): string | null {
  // What the words mean is said in one place, by those who read them: here it is only tried. Not everything is a text, either.
  try {
    const words = Object.entries(command).flatMap(([key, value]) => wordsOf(command.op, key, value));
    const text = [command.op, ...words].join(' ');
    const { id, ...read } = decodeCommand(Buffer.from(text));
    const back = command.id === undefined ? read : { ...read, id };
    return isDeepStrictEqual(back, { ...command, v: 1 }) ? text : null;
  } catch {
    return null;
  }
}

function wordsOf(op: string, key: string, value: unknown): string[] {
  if (key === 'v' || key === 'op') return [];
  if (key !== 'args' && key !== 'select') return [`${key}=${value}`];
  return Object.entries(value as Fields).map(([name, one]) => {
    if (key === 'select' && name === 'all') return name;
    const isSignal = op === 'signal' && name === 'signal' && typeof one === 'string';
    return isSignal ? one : `${kebab(name)}=${one}`;
  });
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
