import { CHANNELS, type Channel, isName, MAX_NAMES } from '../core/names.js';

/** The MQTT contract as data: one row per channel. `topics.md` is held equal to this table by a test. */
export interface ChannelRow {
  readonly flow: 'up' | 'down';
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

export const TOPICS: { readonly [C in Channel]: ChannelRow } = {
  hb: { flow: 'up', qos: 0, retain: false },
  state: { flow: 'up', qos: 1, retain: true },
  evt: { flow: 'up', qos: 1, retain: false },
  cmd: { flow: 'down', qos: 1, retain: false },
  res: { flow: 'up', qos: 1, retain: false },
  log: { flow: 'up', qos: 1, retain: false },
};

export const PREFIX = 'canopy';

const having = (test: (row: ChannelRow) => boolean): ReadonlySet<string> =>
  new Set(CHANNELS.filter(channel => test(TOPICS[channel])));

/** The table in the form that the broker room asks for. */
export const topicRules = {
  prefix: PREFIX,
  up: having(row => row.flow === 'up'),
  down: having(row => row.flow === 'down'),
  retained: having(row => row.retain),
  maxNames: MAX_NAMES,
  isName,
  qos: (channel: string): 0 | 1 => TOPICS[channel as Channel]?.qos ?? 0,
};

export const topicOf = (path: string, channel: Channel): string =>
  path === '' ? `${PREFIX}/${channel}` : `${PREFIX}/${path}/${channel}`;

/** The path and channel of one of our topics; null for any other topic. */
export function splitTopic(topic: string): { path: string; channel: Channel } | null {
  if (!topic.startsWith(`${PREFIX}/`)) return null;
  const end = topic.lastIndexOf('/');
  const channel = topic.slice(end + 1);
  if (!Object.hasOwn(TOPICS, channel)) return null;
  const path = topic.slice(PREFIX.length + 1, Math.max(PREFIX.length + 1, end));
  // `canopy//hb` is not `canopy/hb`.
  return path === '' && end > PREFIX.length ? null : { path, channel: channel as Channel };
}
