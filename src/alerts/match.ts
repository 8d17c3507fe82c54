/** Which nodes a rule is about. Pure. */
import type { AlertMatch } from '../core/alert.js';
import type { Kind } from '../core/facts.js';
import { hasLabel, type Labels } from '../core/labels.js';

export interface Candidate {
  readonly path: string;
  readonly kind: Kind | null;
  readonly app: string | null;
  readonly labels: Labels;
}

const compiled = new WeakMap<AlertMatch, readonly RegExp[]>();

export function fits(match: AlertMatch, { path, kind, app, labels }: Candidate): boolean {
  return (
    (match.kinds.length === 0 || match.kinds.includes(kind ?? 'relay')) &&
    (match.apps.length === 0 || (app !== null && match.apps.includes(app))) &&
    match.labels.every(label => hasLabel(labels, label)) &&
    (match.paths.length === 0 || patternsOf(match).some(pattern => pattern.test(path)))
  );
}

function patternsOf(match: AlertMatch): readonly RegExp[] {
  const known = compiled.get(match);
  if (known) return known;
  const made = match.paths.map(pattern);
  compiled.set(match, made);
  return made;
}

/** Without a star: that node and all below it. `**` stands for any number of names, none included. */
function pattern(text: string): RegExp {
  if (!text.includes('*')) return new RegExp(`^${text}(/|$)`);
  const parts = text.split('/').map(part => (part === '**' ? null : part.replaceAll(/\*+/g, '[^/]*')));
  const [first, ...rest] = parts;
  const body = rest.map(part => (part === null ? '(?:/[^/]+)*' : `/${part}`)).join('');
  // What begins with `**` may have no name before the rest.
  if (first !== null) return new RegExp(`^${first}${body}$`);
  return rest.length === 0 ? /^/ : new RegExp(`^(?:[^/]+/)*${body.replace(/^\//, '')}$`);
}
