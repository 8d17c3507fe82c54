/** Topics taken apart and put together by the rules that were handed in. Pure, and cheap: every heartbeat passes here. */
import { remembered } from './memo.js';
import type { Refusal, TopicRules } from './rules.js';

export interface Parsed {
  readonly names: readonly string[];
  readonly channel: string;
}

/** Bytes of a topic and its levels; MQTT itself would allow 65,535 of either. */
export interface TopicLimits {
  readonly maxTopicBytes: number;
  readonly maxTopicLevels: number;
}

export const TOPIC_LIMITS: TopicLimits = { maxTopicBytes: 1024, maxTopicLevels: 32 };

export const isRefusal = (value: unknown): value is Refusal =>
  typeof value === 'object' && value !== null && 'code' in value && 'reason' in value;

const bad = (reason: string): Refusal => ({ code: 'bad-topic', reason });

/** Short enough for a log line, whatever a stranger sent. */
export const shown = (text: string): string =>
  JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

// C0, DEL, C1, what is left of broken UTF-8, and half a surrogate pair: legal nowhere in a topic (MQTT-1.5.3-1).
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const UNSPEAKABLE = /[\u0000-\u001f\u007f-\u009f\ufffd\p{Cs}]/u;

/** Has characters that belong in no name, topic or log line. */
export const isUnspeakable = (text: string): boolean => UNSPEAKABLE.test(text);

export function levelsOf(topic: string): number {
  let levels = 1;
  for (let at = topic.indexOf('/'); at !== -1; at = topic.indexOf('/', at + 1)) levels++;
  return levels;
}

/** What is wrong with a topic or a filter as text, wildcards aside; null where nothing is. */
function textProblem(text: string, limits: TopicLimits): string | null {
  if (text === '') return 'the topic is empty';
  // The first test spares counting the bytes of nearly every topic.
  if (text.length * 3 > limits.maxTopicBytes && Buffer.byteLength(text) > limits.maxTopicBytes) {
    return `longer than ${limits.maxTopicBytes} bytes`;
  }
  if (levelsOf(text) > limits.maxTopicLevels) return `more than ${limits.maxTopicLevels} levels`;
  return UNSPEAKABLE.test(text) ? 'control or broken characters' : null;
}

/** A topic that may be published to, any prefix; null where it is sound. */
export function topicProblem(topic: string, limits: TopicLimits = TOPIC_LIMITS): Refusal | null {
  const problem = textProblem(topic, limits);
  if (problem) return bad(`${problem}: ${shown(topic)}`);
  return topic.includes('+') || topic.includes('#') ? bad(`a wildcard in a topic: ${shown(topic)}`) : null;
}

const BRIDGE_NOTICE = /^\$SYS\/broker\/connection\/[^/+#]{1,256}\/state$/;

/**
 * Where the bridges of mosquitto, unless told otherwise, say whether they are connected, by a will too. Nobody is to
 * write below `$SYS`, but to turn such a bridge away for it, or to tell of each, would be wrong.
 */
export const isBridgeNotice = (topic: string): boolean => BRIDGE_NOTICE.test(topic);

/** A filter that may be subscribed to; null where it is sound (MQTT 3.1.1, 4.7.1). */
export function filterProblem(filter: string, limits: TopicLimits = TOPIC_LIMITS): Refusal | null {
  const problem = textProblem(filter, limits);
  if (problem) return { code: 'bad-filter', reason: `${problem}: ${shown(filter)}` };
  const levels = filter.split('/');
  const wrong = levels.some(
    (level, at) =>
      (level.includes('+') && level !== '+') ||
      (level.includes('#') && (level !== '#' || at !== levels.length - 1)),
  );
  return wrong ? { code: 'bad-filter', reason: `a wildcard out of place: ${shown(filter)}` } : null;
}

const parsers = new WeakMap<TopicRules, (topic: string) => Parsed | Refusal | null>();

/** `canopy/rack1/web/hb` -> names rack1, web and channel hb; null for a topic outside the prefix. */
export function parse(rules: TopicRules, topic: string): Parsed | Refusal | null {
  let parser = parsers.get(rules);
  if (!parser) {
    parser = remembered(each => takeApart(rules, each));
    parsers.set(rules, parser);
  }
  return parser(topic);
}

function takeApart(rules: TopicRules, topic: string): Parsed | Refusal | null {
  if (topic !== rules.prefix && !topic.startsWith(`${rules.prefix}/`)) return null;
  const names = topic.split('/').slice(1);
  const channel = names.pop() ?? '';
  if (!rules.up.has(channel) && !rules.down.has(channel) && !channel.startsWith('_')) {
    return bad(`no channel ${shown(channel)}: ${shown(topic)}`);
  }
  if (names.length > rules.maxNames) return bad(`more than ${rules.maxNames} names: ${shown(topic)}`);
  for (const name of names) if (!rules.isName(name)) return bad(`no name ${shown(name)}: ${shown(topic)}`);
  return { names, channel };
}

/** A topic of this broker as its parent sees it; null for one that stays here. */
export function exported(
  rules: TopicRules,
  name: string,
  topic: string,
  limits: TopicLimits = TOPIC_LIMITS,
): string | Refusal | null {
  const parsed = parse(rules, topic);
  if (parsed === null || isRefusal(parsed)) return parsed;
  if (!rules.up.has(parsed.channel)) return null;
  if (parsed.names.length + 1 > rules.maxNames) {
    return bad(`more than ${rules.maxNames} names with ${name} before it: ${shown(topic)}`);
  }
  const above = `${rules.prefix}/${name}${topic.slice(rules.prefix.length)}`;
  return topicProblem(above, limits) ?? above;
}

/** A topic of the parent as this broker sees it; null for one that is not meant for here. */
export function imported(rules: TopicRules, name: string, topic: string): string | Refusal | null {
  const mine = `${rules.prefix}/${name}/`;
  if (!topic.startsWith(mine)) return null;
  const parsed = parse(rules, topic);
  if (parsed === null || isRefusal(parsed)) return parsed;
  return rules.down.has(parsed.channel) ? `${rules.prefix}/${topic.slice(mine.length)}` : null;
}

/** What a node subscribes at its parent: by depth, never `#`, or its own uplink would come back to it. */
export function downFilters(rules: TopicRules, name: string): string[] {
  const filters: string[] = [];
  for (let below = 0; below < rules.maxNames; below++) {
    const path = [rules.prefix, name, ...Array<string>(below).fill('+')].join('/');
    for (const channel of rules.down) filters.push(`${path}/${channel}`);
  }
  return filters;
}

/** Whether a topic falls under a filter; `$` topics never under a leading wildcard (MQTT-4.7.2-1). */
export function matches(filter: string, topic: string): boolean {
  if (filter === topic) return true;
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false;
  // Level by level without splitting: it is asked for every message and subscriber.
  let from = 0;
  let at = 0;
  while (from <= filter.length) {
    const end = levelEnd(filter, from);
    if (filter[from] === '#' && end === from + 1) return true;
    if (at > topic.length) return false;
    const till = levelEnd(topic, at);
    const isAny = filter[from] === '+' && end === from + 1;
    if (!isAny && (end - from !== till - at || !topic.startsWith(filter.slice(from, end), at))) return false;
    from = end + 1;
    at = till + 1;
  }
  return at > topic.length;
}

function levelEnd(text: string, from: number): number {
  const at = text.indexOf('/', from);
  return at === -1 ? text.length : at;
}
