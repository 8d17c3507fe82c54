/** The whole matrix: who x channel x publish, subscribe, receive x where the path lies. Each answer is written out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matches } from '../../../broker/topics.js';
import { mayPublish, mayReceive, maySubscribe } from '../../../src/access/topics.js';
import type { PersonRole, Principal } from '../../../src/core/principal.js';

const person = (role: PersonRole, under: string): Principal => ({ kind: 'person', name: role, role, under });

const WHO: Record<string, Principal> = {
  anyone: { kind: 'anyone' },
  leaf: { kind: 'node', name: 'r', is: 'leaf' },
  relay: { kind: 'node', name: 'r', is: 'relay' },
  joining: { kind: 'joining', name: 'r' },
  viewer: person('viewer', 'r'),
  operator: person('operator', 'r'),
  admin: person('admin', 'r'),
  'viewer of all': person('viewer', ''),
  'operator of all': person('operator', ''),
  'admin of all': person('admin', ''),
};
type Name = keyof typeof WHO;

/** Where a path lies, seen from `r`; `own/relay` of two names, for who has a subtree further down. */
const PLACES = { own: 'r', below: 'r/a', deep: 'r/a/b', beside: 's', like: 'rr', above: '' } as const;
type Place = keyof typeof PLACES;
const UP = ['hb', 'state', 'evt', 'res', 'log'];
const CHANNELS = [...UP, 'cmd', '_flow', '_log', '_csr', '_cert', '_next'];
const topicOf = (place: Place, channel: string): string =>
  ['canopy', PLACES[place], channel].filter(Boolean).join('/');

const HERE: Place[] = ['own', 'below', 'deep'];
const ALL = Object.keys(PLACES) as Place[];

/** Whether the one thing is allowed; all that is not named is refused. */
const PUBLISHES: Record<Name, (place: Place, channel: string) => boolean> = {
  anyone: () => true,
  leaf: (place, channel) => place === 'own' && [...UP, '_log', '_csr'].includes(channel),
  relay: (place, channel) =>
    (HERE.includes(place) && [...UP, '_log'].includes(channel)) || (place === 'own' && channel === '_csr'),
  joining: (place, channel) => place === 'own' && channel === '_csr',
  viewer: () => false,
  operator: (place, channel) => HERE.includes(place) && channel === 'cmd',
  admin: (place, channel) => HERE.includes(place) && channel === 'cmd',
  'viewer of all': () => false,
  'operator of all': (_, channel) => channel === 'cmd',
  'admin of all': (_, channel) => channel === 'cmd',
};

const RECEIVES: Record<Name, (place: Place, channel: string) => boolean> = {
  anyone: () => true,
  leaf: (place, channel) => place === 'own' && ['cmd', '_flow', '_cert'].includes(channel),
  relay: (place, channel) =>
    (HERE.includes(place) && ['cmd', '_flow'].includes(channel)) || (place === 'own' && channel === '_cert'),
  joining: (place, channel) => place === 'own' && channel === '_cert',
  viewer: (place, channel) => HERE.includes(place) && UP.includes(channel),
  operator: (place, channel) => HERE.includes(place) && [...UP, 'cmd'].includes(channel),
  admin: (place, channel) => HERE.includes(place) && [...UP, 'cmd'].includes(channel),
  'viewer of all': (_, channel) => UP.includes(channel),
  'operator of all': (_, channel) => [...UP, 'cmd'].includes(channel),
  'admin of all': () => true,
};

for (const name of Object.keys(WHO)) {
  const who = WHO[name] as Principal;
  test(`${name}: every channel of every place`, () => {
    for (const place of ALL)
      for (const channel of CHANNELS) {
        const topic = topicOf(place, channel);
        assert.equal(mayPublish(who, topic), PUBLISHES[name]?.(place, channel), `publish ${topic}`);
        const receives = RECEIVES[name]?.(place, channel);
        assert.equal(mayReceive(who, topic), receives, `receive ${topic}`);
        // A topic without a wildcard is subscribed to where it may be received, and then as a whole.
        assert.equal(maySubscribe(who, topic), receives ? 'whole' : 'refused', `subscribe ${topic}`);
      }
  });
}

test('topics of others, and what is no path, are for nobody whose rights end somewhere', () => {
  const strange = [
    'home/lamp',
    'canopyx/r/cmd',
    '/canopy/r/cmd',
    'canopy',
    'canopy/',
    'canopy//cmd',
    'canopy/r//cmd',
    '',
  ];
  for (const [name, who] of Object.entries(WHO))
    for (const topic of strange) {
      const isFree = name === 'anyone' || (name === 'admin of all' && !/^canopy($|\/)/.test(topic));
      assert.equal(mayPublish(who, topic), isFree, `${name} publishes ${topic}`);
    }
  for (const [name, who] of Object.entries(WHO))
    for (const filter of ['home/lamp', 'canopyx/#', '/canopy/#', 'canopy//cmd', 'canopy/r//hb']) {
      const isFree = name === 'anyone' || name === 'admin of all';
      assert.equal(
        maySubscribe(who, filter),
        isFree ? 'whole' : 'refused',
        `${name} subscribes to ${filter}`,
      );
    }
});

test('$SYS is for the admin of all; nobody publishes there, and $share is nobody’s', () => {
  for (const [name, who] of Object.entries(WHO)) {
    const isChief = name === 'admin of all';
    for (const filter of ['$SYS/#', '$SYS/+/heartbeat', '$SYS/x/new/clients'])
      assert.equal(maySubscribe(who, filter), isChief ? 'whole' : 'refused', `${name} ${filter}`);
    assert.equal(mayReceive(who, '$SYS/x/new/clients'), isChief, name);
    assert.equal(mayPublish(who, '$SYS/x/heartbeat'), false, name);
    for (const filter of ['$share/g/canopy/r/cmd', '$share/g/#', '$SYSTEM/#', '$'])
      assert.equal(maySubscribe(who, filter), 'refused', `${name} ${filter}`);
  }
});

/** Filters with wildcards: what `viewer`, `operator` of r and of all, `leaf` and `relay` r get. */
const FILTERS: [string, Partial<Record<Name, 'whole' | 'narrowed'>>][] = [
  ['#', { viewer: 'narrowed', operator: 'narrowed', 'viewer of all': 'narrowed' }],
  ['+/#', { viewer: 'narrowed', operator: 'narrowed', 'viewer of all': 'narrowed' }],
  ['canopy/#', { viewer: 'narrowed', operator: 'narrowed', 'viewer of all': 'narrowed' }],
  ['canopy/r/#', { viewer: 'narrowed', operator: 'narrowed', 'viewer of all': 'narrowed' }],
  ['canopy/r/a/#', { viewer: 'narrowed', operator: 'narrowed', 'viewer of all': 'narrowed' }],
  ['canopy/s/#', { 'viewer of all': 'narrowed' }],
  ['canopy/+/state', { viewer: 'narrowed', operator: 'narrowed', 'viewer of all': 'whole' }],
  ['canopy/+/+/state', { viewer: 'narrowed', operator: 'narrowed', 'viewer of all': 'whole' }],
  ['canopy/r/+/state', { viewer: 'whole', operator: 'whole', 'viewer of all': 'whole' }],
  ['canopy/r/+', { viewer: 'narrowed', operator: 'narrowed', 'viewer of all': 'narrowed' }],
  ['canopy/r/state/#', { viewer: 'narrowed', operator: 'narrowed', 'viewer of all': 'narrowed' }],
  ['canopy/+', { 'viewer of all': 'narrowed' }],
  ['+/+/log', { viewer: 'narrowed', operator: 'narrowed', 'viewer of all': 'narrowed' }],
  ['canopy/+/cmd', { operator: 'narrowed' }],
  ['canopy/r/+/cmd', { operator: 'whole', relay: 'whole' }],
  ['canopy/r/+/+/cmd', { operator: 'whole', relay: 'whole' }],
  ['canopy/r/+/_flow', { relay: 'whole' }],
  ['canopy/+/_flow', {}],
  ['canopy/r/+/_cert', {}],
  ['canopy/s/+/state', { 'viewer of all': 'whole' }],
  ['canopy/r/hb/state', {}],
  ['canopy/r/nonsense', {}],
  ['other/#', {}],
];

test('a filter is narrowed to what may be seen, and refused where that is nothing', () => {
  for (const [filter, wanted] of FILTERS) {
    for (const name of ['viewer', 'operator', 'viewer of all', 'leaf', 'relay', 'joining'])
      assert.equal(
        maySubscribe(WHO[name] as Principal, filter),
        wanted[name] ?? 'refused',
        `${name} ${filter}`,
      );
    for (const name of ['anyone', 'admin of all'])
      assert.equal(maySubscribe(WHO[name] as Principal, filter), 'whole', `${name} ${filter}`);
  }
});

test('whole is what may be received as a whole, narrowed a part of it, refused nothing of it', () => {
  const further = ['home/lamp/log', 'canopy/s/a/state', 'canopy/s/a/cmd', 'canopy/s/a/b/cmd'];
  const topics = [...further, ...ALL.flatMap(place => CHANNELS.map(channel => topicOf(place, channel)))];
  for (const [name, who] of Object.entries(WHO))
    for (const filter of [...FILTERS.map(([filter]) => filter), ...topics]) {
      const under = topics.filter(topic => matches(filter, topic));
      const seen = under.filter(topic => mayReceive(who, topic));
      const granted = maySubscribe(who, filter);
      if (granted === 'whole') assert.deepEqual(seen, under, `${name} ${filter}`);
      // A node asks for what it needs, by name: a broader filter is not meant for it.
      if (granted === 'refused' && who.kind === 'person') assert.deepEqual(seen, [], `${name} ${filter}`);
      if (granted === 'narrowed' && under.length > 0 && filter !== 'canopy/r/state/#')
        assert.ok(seen.length < under.length, `${name} ${filter}`);
    }
});
