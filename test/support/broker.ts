import { type BrokerOptions, EmbeddedBroker, type RefusedEvent } from '../../broker/embedded.js';
import type { Link, LinkState, Message } from '../../broker/link.js';
import type { Origin, TopicRules } from '../../broker/rules.js';
import { access } from '../../src/compose/access.js';
import type { Principal } from '../../src/core/principal.js';
import { until } from './wait.js';

/** The topic contract as the broker room is handed it, written out. */
export const RULES: TopicRules = {
  prefix: 'canopy',
  up: new Set(['hb', 'state', 'evt', 'res', 'log']),
  down: new Set(['cmd']),
  retained: new Set(['state']),
  maxNames: 8,
  isName: segment =>
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(segment) &&
    !['hb', 'state', 'evt', 'res', 'log', 'cmd'].includes(segment),
  qos: channel => (channel === 'hb' ? 0 : 1),
};

/** `node/<name>/<instance>` is a node, anything else a stranger. */
export function identify(clientId: string): { name: string; instance: string } | null {
  const [kind, name, instance] = clientId.split('/');
  return kind === 'node' && name && instance ? { name, instance } : null;
}

/** The node of that name, and all below it. */
export const relay = (name: string): Principal => ({ kind: 'node', name, is: 'relay' });

/** Believes every client id, as a node does without authentication. */
export const believing = (
  told: BrokerOptions['identify'] = identify,
): Pick<BrokerOptions, 'authenticate' | 'access'> => ({
  authenticate: ({ clientId }) => {
    const node = told(clientId)?.name ?? null;
    return node === null
      ? { who: { kind: 'anyone' }, id: 'anyone', node }
      : { who: relay(node), id: `node ${node}`, node };
  },
  access,
});

export interface TestBroker {
  readonly broker: EmbeddedBroker;
  readonly port: number;
  readonly url: string;
  readonly refused: RefusedEvent[];
  /** What was let through, in order. */
  readonly admitted: { message: Message; from: Origin }[];
  codes(): string[];
}

export async function startBroker(overrides: Partial<BrokerOptions> = {}): Promise<TestBroker> {
  const refused: RefusedEvent[] = [];
  const admitted: { message: Message; from: Origin }[] = [];
  const broker = await EmbeddedBroker.listen({
    host: '127.0.0.1',
    port: 0,
    rules: RULES,
    identify,
    ...believing(overrides.identify),
    admit: (message, from) => {
      admitted.push({ message, from });
      return message;
    },
    onRefused: event => refused.push(event),
    ...overrides,
  });
  const { port } = broker.address;
  const codes = () => refused.map(event => event.code);
  return { broker, port, url: `mqtt://127.0.0.1:${port}`, refused, admitted, codes };
}

export const message = (topic: string, payload = 'x', more: Partial<Message> = {}): Message => ({
  topic,
  payload: Buffer.from(payload),
  qos: 1,
  retain: false,
  ...more,
});

export const inState = (link: Link, state: LinkState, deadlineMs = 5000): Promise<true> =>
  until(() => (link.state === state ? true : null), deadlineMs, `the link is ${state}`);

/** Collects what a subscription delivers. */
export async function collect(link: Link, ...filters: string[]): Promise<Message[]> {
  const messages: Message[] = [];
  await link.subscribe(filters, received => messages.push(received));
  return messages;
}

export const texts = (messages: readonly { payload: Buffer }[]): string[] =>
  messages.map(({ payload }) => payload.toString());
