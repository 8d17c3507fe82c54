/** Where a node listens, what is in each other's way, and what strangers could reach. */
import {
  type Address,
  type BrokerAddress,
  brokerUrl,
  hostPort,
  isLoopback,
  isTls,
  sameAddress,
} from './address.js';
import type { GivenSettings } from './given.js';
import type { Findings } from './problems.js';
import type { NodeSettings, SettingKey } from './settings.js';

interface Source {
  readonly given: GivenSettings;
  spell(key: SettingKey): string;
  place(key: SettingKey): string;
}

/** A place where strangers can knock; `key` is the setting that says where. */
export interface ListeningAt extends Address {
  readonly what: 'MQTT' | 'REST';
  readonly url: string;
  readonly tls: boolean;
  readonly key: 'port' | 'rest_port' | 'listen';
}

type Listening = Pick<
  NodeSettings,
  'role' | 'host' | 'port' | 'tls' | 'rest' | 'restTls' | 'auth' | 'insecure'
> & {
  readonly security: Pick<NodeSettings['security'], 'listen'>;
};

/** All of a node: that of its broker, those beside it, and REST. */
export function listenersOf(settings: Listening): ListeningAt[] {
  const { role, host, port, tls, rest, restTls, security } = settings;
  if (role === 'leaf') return [];
  const main: BrokerAddress = { scheme: tls ? 'mqtts' : 'mqtt', host, port, path: '' };
  const mqtt = (at: BrokerAddress, key: 'port' | 'listen'): ListeningAt => {
    const { host, port, scheme } = at;
    return { host, port, what: 'MQTT', url: brokerUrl(at), tls: isTls(scheme), key };
  };
  return [
    mqtt(main, 'port'),
    ...security.listen.map(at => mqtt(at, 'listen')),
    ...(rest
      ? [
          {
            ...rest,
            what: 'REST' as const,
            url: `${restTls ? 'https' : 'http'}://${hostPort(rest)}`,
            tls: restTls,
            key: 'rest_port' as const,
          },
        ]
      : []),
  ];
}

export interface Exposure {
  readonly at: ListeningAt;
  readonly expected: string;
  readonly found: string;
}

/** Listeners that others than this machine can reach without TLS, or without proving who they are. Pure. */
export function exposures(
  settings: Listening,
  spell: (key: SettingKey) => string,
  reachable: (host: string) => boolean,
): Exposure[] {
  const open = settings.auth !== 'required';
  return listenersOf(settings)
    .filter(({ host, tls }) => (open || !tls) && reachable(host))
    .map(at => {
      const wanted = [...(open ? [`${spell('auth')}=required`] : []), ...(at.tls ? [] : [tlsFor(at, spell)])];
      const expected = `${wanted.join(' and ')}; or a loopback address; or, on a network that you trust, ${spell('insecure')}=true`;
      const lacks = [...(at.tls ? [] : ['without TLS']), ...(open ? ['for anyone'] : [])];
      return { at, expected, found: `${at.what} at ${at.url}, ${lacks.join(', ')}` };
    });
}

function tlsFor({ key, url }: ListeningAt, spell: (key: SettingKey) => string): string {
  if (key === 'port') return `${spell('tls')}=true`;
  if (key === 'rest_port') return `${spell('rest_tls')}=true`;
  return `${url.replace(/^(mqtt|ws):/, '$1s:')} in ${spell('listen')}`;
}

/** What can be told without asking anybody; names are looked up when the node starts. */
export function checkExposure(source: Source, settings: NodeSettings, findings: Findings): void {
  if (settings.insecure) return;
  const reachable = (host: string): boolean => isLoopback(host) === false;
  for (const { at, expected, found } of exposures(settings, source.spell, reachable)) {
    const keys =
      at.key === 'port' ? ['host', 'port'] : at.key === 'rest_port' ? ['rest_host', 'rest_port'] : ['listen'];
    const key = (keys as SettingKey[]).find(key => source.given.has(key)) ?? at.key;
    findings.add('insecure-listener', source.given.get(key)?.where ?? source.place(key), expected, found);
  }
}

/** `parent`: null where there is none, or where a tree sees to it. */
export function checkAddresses(
  source: Source,
  settings: NodeSettings,
  parent: Address | null,
  findings: Findings,
): void {
  const earlier: (Address & { whose: string })[] = [];
  if (parent) earlier.push({ ...parent, whose: 'that of its parent' });
  if (settings.rest) earlier.push({ ...settings.rest, whose: 'its own REST listener' });
  for (const listener of listenersOf(settings).filter(({ what }) => what === 'MQTT')) {
    const where = source.given.get(listener.key)?.where ?? source.place(listener.key);
    const twin = earlier.find(other => sameAddress(other, listener));
    const found = `${listener.host}:${listener.port}`;
    if (twin) findings.add('conflict', where, `another address than ${twin.whose}`, found);
    earlier.push({ ...listener, whose: 'that of another of its listeners' });
  }
}
