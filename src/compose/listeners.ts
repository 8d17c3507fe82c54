/** Where a node with a broker listens: by which layers, and with what certificate. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BrokerOptions } from '../../broker/embedded.js';
import { BROKER_LIMITS } from '../../broker/limits.js';
import { Handshakes } from '../../broker/listen/handshakes.js';
import { ServerIdentity, tlsLayer } from '../../broker/listen/tls.js';
import { wsLayer } from '../../broker/listen/ws.js';
import { type Layer, TcpListener } from '../../broker/listener.js';
import type { Refusal } from '../../broker/rules.js';
import { type BrokerAddress, isTls, isWs } from '../config/address.js';
import { listenersOf } from '../config/listening.js';
import { ConfigError } from '../config/problems.js';
import type { NodeSettings } from '../config/settings.js';
import { CanopyError } from '../core/errors.js';
import { addressKey } from '../core/remote-address.js';
import { certifiedHosts } from '../identity/hosts.js';
import { readPrivate } from '../identity/private-files.js';
import { refusing } from './audit.js';
import { type NodeContainer, token } from './container.js';
import { PKI } from './identity.js';
import type { Step } from './lifecycle.js';
import { LOG, SETTINGS } from './tokens.js';

/** The certificate of the listeners; null where none speaks TLS. */
export const SERVER_IDENTITY = token<ServerIdentity | null>('server identity');

/** Milliseconds between two looks whether the certificate is to be renewed. */
const RENEWAL_LOOK_MS = 3_600_000;

/** Before the broker. Throws ConfigError for what can't be read. */
export function listenersStep(node: NodeContainer): Step {
  let renewals: NodeJS.Timeout | undefined;
  return {
    name: 'listeners',
    start: async () => {
      const speaksTls = listenersOf(node.get(SETTINGS)).some(({ tls }) => tls);
      if (speaksTls && node.get(SETTINGS).security.cert === null) {
        await ownCertificate(node);
        const renew = (): void =>
          void ownCertificate(node).catch(err =>
            node.get(LOG).error({ err }, 'its certificate is not renewed'),
          );
        renewals = setInterval(renew, RENEWAL_LOOK_MS).unref();
      }
      node.set(SERVER_IDENTITY, speaksTls ? openIdentity(node) : null);
    },
    stop: () => {
      clearInterval(renewals);
      node.get(SERVER_IDENTITY)?.close();
    },
  };
}

/** By its own authority, which is made where there is none yet; a new one at two thirds of its life. */
async function ownCertificate(node: NodeContainer): Promise<void> {
  const [pki, settings] = [node.get(PKI), node.get(SETTINGS)];
  if (!pki.hasCa) {
    const { fingerprint256 } = await pki.init(settings.name);
    node.get(LOG).info({ fingerprint256 }, 'made a certificate authority for its listeners and children');
  }
  const hosts = listenersOf(settings).flatMap(({ tls, host }) => (tls ? [host] : []));
  if (await pki.ensureServer(certifiedHosts(hosts)))
    node.get(LOG).info('made a certificate for its listeners');
}

function openIdentity(node: NodeContainer): ServerIdentity {
  const log = node.get(LOG);
  const files = serverFiles(node.get(SETTINGS), node.get(PKI).dir);
  try {
    return new ServerIdentity(
      files,
      readPrivate,
      err => log.error({ err }, `goes on with its old certificate: ${err.message}`),
      () => log.info('took over a new certificate, or new authorities'),
    );
  } catch (error) {
    if (error instanceof CanopyError) throw error;
    const where = 'CANOPY_TLS_CERT, CANOPY_TLS_KEY and CANOPY_TLS_CA';
    const expected = 'a certificate, its key and the authorities of clients, in files (PEM)';
    throw new ConfigError([{ code: 'unreadable', where, expected, found: (error as Error).message }]);
  }
}

function serverFiles({ security: { cert, key, ca } }: NodeSettings, pki: string) {
  const ownCa = join(pki, 'ca.crt');
  return {
    cert: cert ?? join(pki, 'server.crt'),
    key: key ?? join(pki, 'server.key'),
    ca: ca ?? (existsSync(ownCa) ? ownCa : null),
  };
}

/** What the broker is to be given. */
export function doorsOf(node: NodeContainer): Pick<BrokerOptions, 'host' | 'port' | 'listener' | 'more'> {
  const { host, port, tls, security } = node.get(SETTINGS);
  const main: BrokerAddress = { scheme: tls ? 'mqtts' : 'mqtt', host, port, path: '' };
  return {
    host,
    port,
    listener: listenerFor(node, main),
    more: security.listen.map(at => ({ at, listener: listenerFor(node, at) })),
  };
}

function listenerFor(node: NodeContainer, { scheme, path }: BrokerAddress): TcpListener {
  const { maxPacket, maxConnectPacket, corsOrigins } = node.get(SETTINGS);
  const bytes = { maxMessageBytes: maxPacket + HEADER, maxFirstBytes: maxConnectPacket + HEADER };
  const refuse = refusing(node);
  const refused = (why: Refusal, { remoteAddress, remotePort }: Where): void =>
    refuse({ ...why, ...(remoteAddress && { address: `${remoteAddress}:${remotePort}` }) });
  const identity = node.get(SERVER_IDENTITY);
  const layers: Layer[] = [
    ...(isTls(scheme) && identity ? [tlsLayer(identity, refused)] : []),
    ...(isWs(scheme) ? [wsLayer({ path, origins: corsOrigins, ...bytes }, refused)] : []),
  ];
  if (layers.length === 0) return new TcpListener();
  const { maxHandshakes, connectTimeoutMs } = BROKER_LIMITS;
  const cut = (reason: string, socket: Where): void => refused({ code: 'handshake-cut', reason }, socket);
  return new TcpListener(
    layers,
    new Handshakes({ most: maxHandshakes, deadlineMs: connectTimeoutMs, callerOf: addressKey }, cut),
  );
}

interface Where {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** Bytes of a packet before what max_packet counts. */
const HEADER = 5;
