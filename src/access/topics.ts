/** What whoever is at the other end of a connection may do with a topic of this broker. Pure, and asked for every message. */
import { CHANNELS, isName, pathProblem } from '../core/names.js';
import type { Principal } from '../core/principal.js';
import { HOP_TOPICS } from '../protocol/flows.js';
import { PREFIX, splitTopic, TOPICS } from '../protocol/topics.js';

export type Granted = 'whole' | 'narrowed' | 'refused';

type Node = Extract<Principal, { kind: 'node' }>;
type Person = Extract<Principal, { kind: 'person' }>;

const START = `${PREFIX}/`;
const flowing = (flow: 'up' | 'down'): string[] => [
  ...CHANNELS.filter(channel => TOPICS[channel].flow === flow),
  ...(['_flow', '_log'] as const).filter(channel => HOP_TOPICS[channel].flow === flow),
];
/** What a node says, and what is said to it; and what of that only a direct child does. */
const UP = new Set(flowing('up'));
const DOWN = new Set(flowing('down'));
const OWN_UP = new Set([...UP, '_csr']);
const OWN_DOWN = new Set([...DOWN, '_cert']);
/** What people see of a node: what it says to all; who may command sees what it is told as well. */
const TOLD: ReadonlySet<string> = new Set(CHANNELS.filter(channel => TOPICS[channel].flow === 'up'));
const TOLD_AND_BIDDEN: ReadonlySet<string> = new Set(CHANNELS);

/** A will is a message like any other. Wildcards and illegal names in a topic are the broker's to refuse. */
export function mayPublish(principal: Principal, topic: string): boolean {
  switch (principal.kind) {
    case 'anyone':
      return !topic.startsWith('$');
    case 'node':
      return isOfNode(principal, topic, OWN_UP, UP);
    case 'joining':
      return topic === `${START}${principal.name}/_csr`;
    case 'person':
      return mayBid(principal, topic) || isOthers(principal, topic);
  }
}

/** `narrowed`: not all that falls under the filter may be received; `refused`: none of it. */
export function maySubscribe(principal: Principal, filter: string): Granted {
  switch (principal.kind) {
    case 'anyone':
      return filter.startsWith('$') ? 'refused' : 'whole';
    case 'node':
      return isOfNode(principal, filter, OWN_DOWN, DOWN) && areNames(filter) ? 'whole' : 'refused';
    case 'joining':
      return filter === `${START}${principal.name}/_cert` ? 'whole' : 'refused';
    case 'person':
      return personGets(principal, filter);
  }
}

/** Live, retained or queued: whatever has been subscribed to. */
export function mayReceive(principal: Principal, topic: string): boolean {
  switch (principal.kind) {
    case 'anyone':
      return !topic.startsWith('$');
    case 'node':
      return isOfNode(principal, topic, OWN_DOWN, DOWN);
    case 'joining':
      return topic === `${START}${principal.name}/_cert`;
    case 'person':
      return (
        (after(topic, principal.under) !== -1 && seenBy(principal).has(lastLevel(topic))) ||
        sees(principal, topic)
      );
  }
}

/** Where in a topic what follows a path begins; -1 where it is not of that path or below it. */
function after(topic: string, path: string): number {
  if (!topic.startsWith(START)) return -1;
  if (path === '') return START.length;
  const end = START.length + path.length;
  return topic.startsWith(path, START.length) && topic[end] === '/' ? end + 1 : -1;
}

const lastLevel = (topic: string): string => topic.slice(topic.lastIndexOf('/') + 1);

/** A topic or filter of a node itself or, for a relay, of what is below it. */
function isOfNode(
  { name, is }: Node,
  topic: string,
  own: ReadonlySet<string>,
  below: ReadonlySet<string>,
): boolean {
  const from = after(topic, name);
  if (from === -1) return false;
  const last = topic.lastIndexOf('/') + 1;
  return last === from ? own.has(topic.slice(last)) : is === 'relay' && below.has(topic.slice(last));
}

/** All between the first level and the last. */
const areNames = (filter: string): boolean =>
  filter
    .split('/')
    .slice(1, -1)
    .every(level => level === '+' || isName(level));

/** People publish commands, and nothing in another's name. */
function mayBid({ role, under }: Person, topic: string): boolean {
  if (role === 'viewer' || after(topic, under) === -1) return false;
  const place = splitTopic(topic);
  return place?.channel === 'cmd' && pathProblem(place.path) === null;
}

const isChief = ({ role, under }: Person): boolean => role === 'admin' && under === '';

/** Topics that are none of ours; only who may do everything here may use the broker for something else. */
const isOthers = (person: Person, topic: string): boolean =>
  isChief(person) && topic !== PREFIX && !topic.startsWith(START) && !topic.startsWith('$');

/** All that a broker has, its own `$SYS` too. `$share` is granted by aedes and never served. */
const sees = (person: Person, topic: string): boolean =>
  isChief(person) && (!topic.startsWith('$') || topic.startsWith('$SYS/'));

const seenBy = ({ role }: Person): ReadonlySet<string> => (role === 'viewer' ? TOLD : TOLD_AND_BIDDEN);

function personGets(person: Person, filter: string): Granted {
  if (sees(person, filter)) return 'whole';
  if (filter.startsWith('$')) return 'refused';
  const levels = filter.split('/');
  const head = (person.under === '' ? PREFIX : START + person.under).split('/');
  for (const [at, wanted] of head.entries()) {
    if (levels[at] === '#') return 'narrowed';
    if (levels[at] !== wanted && levels[at] !== '+') return 'refused';
  }
  const isExact = head.every((wanted, at) => levels[at] === wanted);
  return withinGets(levels.slice(head.length), isExact, seenBy(person));
}

/** Of the levels that come after the path of a subtree. */
function withinGets(levels: readonly string[], isExact: boolean, seen: ReadonlySet<string>): Granted {
  const last = levels.at(-1);
  const names = levels.slice(0, -1);
  // What ends in `/#` is of the level before it as well.
  if (last === '#' && seen.has(names.at(-1) ?? '')) names.pop();
  const mayFit = last === '#' || last === '+' || (last !== undefined && seen.has(last));
  if (!mayFit || !names.every(level => level === '+' || isName(level))) return 'refused';
  return isExact && last !== '#' && last !== '+' ? 'whole' : 'narrowed';
}
