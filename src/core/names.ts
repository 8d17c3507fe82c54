/** Names and paths: contract section 1. Nothing is ever folded into something legal. */

export const CHANNELS = ['hb', 'state', 'evt', 'cmd', 'res', 'log'] as const;
export type Channel = (typeof CHANNELS)[number];

export const MAX_NAMES = 8;
/** Characters: as many names as there may be, each as long as it may be, and what joins them. */
export const MAX_PATH = MAX_NAMES * 64;
export const NAME_RULE = `a letter or digit, then up to 62 of A-Z a-z 0-9 _ -, and none of the channel names ${CHANNELS.join(' ')}`;

const SHAPE = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;
const RESERVED: ReadonlySet<string> = new Set(CHANNELS);

export const isName = (text: string): boolean => SHAPE.test(text) && !RESERVED.has(text);

/** What is wrong with a name, as a sentence naming the rule; null where it is legal. */
export function nameProblem(text: string): string | null {
  return isName(text) ? null : `${JSON.stringify(text)} is not a name: ${NAME_RULE}`;
}

/** What is wrong with a path (names joined by `/`; '' is the node itself); null where it is legal. */
export function pathProblem(path: string): string | null {
  if (path === '') return null;
  const names = path.split('/');
  if (names.length > MAX_NAMES) return `a path has at most ${MAX_NAMES} names, found ${names.length}`;
  for (const name of names) {
    const problem = nameProblem(name);
    if (problem) return problem;
  }
  return null;
}

export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
export const lastName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
/** The first name of a path: the direct child that it is, or is below; '' for the node itself. */
export function topName(path: string): string {
  const end = path.indexOf('/');
  return end === -1 ? path : path.slice(0, end);
}
export const isDirectChild = (path: string): boolean => path !== '' && !path.includes('/');

/** Every path above this one, topmost first, without '' and itself. */
export function ancestors(path: string): string[] {
  const found: string[] = [];
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) found.push(path.slice(0, at));
  return found;
}
