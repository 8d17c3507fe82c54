/** The link of a node to its parent's broker: in-process where this process hosts it, else over MQTT. */
import type { Link, LinkError } from '../../broker/link.js';
import { backoffWithin } from '../../broker/wire/backoff.js';
import type { NodeSettings } from '../config/settings.js';
import type { Principal } from '../core/principal.js';
import { encode } from '../protocol/codec.js';
import { clientIdOf } from '../protocol/identity.js';
import { topicOf } from '../protocol/topics.js';
import type { NodeContainer } from './container.js';
import type { Step } from './lifecycle.js';
import { CLOCK, INSTALLATION, LOG, PARENT_BROKER, SETTINGS, UPLINK } from './tokens.js';
import { proofs, safeUrl, uplinkFiles } from './trust.js';

/** Milliseconds that a relay may hold heartbeats to send many at once. */
const BATCH_MS = 100;
/** A busy parent has half of it to answer a ping. */
const MIN_KEEPALIVE_S = 4;
/** Messages that wait for their PUBACK: on a line of 50 ms so many are 5,000 a second. */
const WINDOW = 256;

export const provideUplink = (node: NodeContainer): NodeContainer => node.provide(UPLINK, openUplink);

let mqtt: typeof import('../../broker/mqtt-link.js') | null = null;

/** A process that hosts the parent itself does not load an MQTT client, which takes as long as all the rest. */
export const uplinkStep = (node: NodeContainer): Step => ({
  name: 'uplink',
  start: async () => {
    if (node.get(PARENT_BROKER) === null) mqtt ??= await import('../../broker/mqtt-link.js');
  },
  stop: () => {},
});

function openUplink(node: NodeContainer): Link {
  const settings = node.get(SETTINGS);
  const { name, role } = settings;
  const { instance } = node.get(INSTALLATION);
  const will = {
    topic: topicOf(name, 'state'),
    payload: encode('state', lastWords(node)),
    qos: 1,
    retain: true,
  } as const;
  const parent = node.get(PARENT_BROKER);
  if (parent) {
    const who: Principal = { kind: 'node', name, is: role === 'leaf' ? 'leaf' : 'relay' };
    return told(node, parent.link({ name, instance, will, who }));
  }
  const clientId = clientIdOf(name, instance);
  const batchMs = role === 'relay' ? BATCH_MS : 0;
  if (mqtt === null) throw new Error('the step that loads the MQTT client comes first');
  const files = uplinkFiles(settings);
  const url = safeUrl(settings.parentUrl ?? '', files);
  const keepaliveSeconds = keepaliveOf(settings);
  const backoff = backoffWithin(settings.hbInterval * 1000);
  const options = { url, clientId, will, batchMs, window: WINDOW, keepaliveSeconds, backoff };
  const link = new mqtt.MqttLink({ ...options, ...proofs(name, files) });
  return told(node, link, url);
}

/**
 * A parent that is gone without a word (another address, a cut line) is noticed after one and a half of these seconds: by a relay
 * about when its parent would notice the same of a child, if they have the same timeout; a leaf's pings cost its parent more.
 */
const keepaliveOf = ({ role, timeout, hbInterval }: NodeSettings): number =>
  Math.min(15, Math.max(MIN_KEEPALIVE_S, Math.ceil(role === 'relay' ? (timeout * 2) / 3 : hbInterval * 3)));

/** What the parent's broker says for us when our socket dies. */
function lastWords(node: NodeContainer) {
  const { role, appName } = node.get(SETTINGS);
  const ts = node.get(CLOCK).now();
  return {
    v: 1,
    epoch: node.get(INSTALLATION).epoch,
    ts,
    kind: role,
    app: appName,
    link: 'lost',
    reason: 'will',
  } as const;
}

/** Each turn of the link in the log, and not every failed attempt. */
function told(node: NodeContainer, link: Link, parent = node.get(SETTINGS).parentUrl): Link {
  const log = node.get(LOG);
  let lastCode: string | null = null;
  const failed = (cause: LinkError): void => {
    const level = cause.code === lastCode ? 'debug' : cause.code === 'unreachable' ? 'warn' : 'error';
    lastCode = cause.code;
    log[level]({ parent, code: cause.code }, cause.message);
  };
  link.on('connected', () => {
    lastCode = null;
    log.info({ parent }, 'uplink connected');
  });
  link.on('lost', cause => {
    lastCode = cause.code;
    log.warn({ parent, code: cause.code }, `uplink lost: ${cause.message}`);
  });
  link.on('failed', failed);
  link.on(
    'dropped',
    tally((count, why) => log.warn({ parent, count }, `messages dropped: ${why}`)),
  );
  return link;
}

/** At most one line in ten seconds, with the number of all that it stands for. */
function tally(tell: (count: number, why: string) => void): (count: number, why: string) => void {
  let sum = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  return (count, why) => {
    sum += count;
    if (performance.now() - toldAt < 10_000) return;
    toldAt = performance.now();
    tell(sum, why);
    sum = 0;
  };
}
