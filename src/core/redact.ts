/** Takes secrets out of what is logged or shown: by the names of variables and fields, and by the forms of our own tokens. Pure. */

export const HIDDEN = '***';

const WORDS =
  'passw|passphrase|pwd|secret|token|credential|authorization|cookie|api_?key|private_?key|access_?key';
/** Bounded, since lines are long and come from outside. */
const NAME = `\\w{0,64}(?:${WORDS})\\w{0,64}`;
const SECRET_NAME = new RegExp(`^${NAME.replaceAll('\\w', '[\\w-]')}$`, 'i');
const QUOTED = `"(?:[^"\\\\]|\\\\.)*"|'[^']*'`;
const ASSIGNED = new RegExp(`(?<!\\w)(${NAME})=(?:${QUOTED}|[^\\s"'\\\\,;&]+)`, 'gi');
const MEMBER = new RegExp(`("${NAME}"\\s{0,9}:\\s{0,9})"(?:[^"\\\\]|\\\\.)*"`, 'gi');
const PEM = /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|$)/g;

/** Words of a text that are secrets, each replaced by `***`. */
export const redactText = (text: string): string =>
  text
    .replace(/\bcnpy_[\w-]+/g, `cnpy_${HIDDEN}`)
    .replace(/(\bbearer +)[^\s"'\\]+/gi, `$1${HIDDEN}`)
    .replace(/(:\/\/)[^\s/@"'\\]+@/g, `$1${HIDDEN}@`)
    .replace(PEM, HIDDEN)
    .replace(ASSIGNED, `$1=${HIDDEN}`)
    .replace(MEMBER, `$1"${HIDDEN}"`);

/** Objects nested deeper are no log fields of ours. */
const DEEPEST = 4;

/** The same fields, without the values of those that are named like a secret, and without secrets in the others. */
export function redactFields<T extends object>(fields: T, depth = 0): T {
  if (depth > DEEPEST || !isPlain(fields)) return fields;
  const entries = Object.entries(fields).map(([name, value]) => {
    if (SECRET_NAME.test(name) && (typeof value === 'string' || typeof value === 'object'))
      return [name, HIDDEN];
    if (typeof value === 'string') return [name, redactText(value)];
    return [name, typeof value === 'object' && value !== null ? redactFields(value, depth + 1) : value];
  });
  return Object.fromEntries(entries) as T;
}

/** Errors and the like are written by those who know them. */
const isPlain = (value: object): boolean => Object.getPrototypeOf(value) === Object.prototype;
