/** REST over what a tree knows: served by a root, and by any relay that is told where. */
import { type AuditQuery, readAudit } from '../audit/read.js';
import { isLoopback } from '../config/address.js';
import type { AuditEntry } from '../core/audit-entry.js';
import type { Command } from '../protocol/payloads.js';
import type { Caller } from '../rest/caller.js';
import { type Answerer, Front } from '../rest/front.js';
import { restTaken } from './addresses.js';
import { authenticatorFor } from './audit.js';
import type { NodeContainer } from './container.js';
import type { Step } from './lifecycle.js';
import { SERVER_IDENTITY } from './listeners.js';
import { metricsOf } from './metrics.js';
import { officeOf } from './office.js';
import {
  ALERTS,
  AUDIT,
  CLOCK,
  COMMAND_AUDIT,
  COUNTS,
  HISTORY,
  HUB,
  LOG,
  REGISTRY,
  REST,
  SETTINGS,
  TREE,
  UPLINK,
} from './tokens.js';
import { UPLINK_FACTS } from './uplink-facts.js';
import { VERSION } from './version.js';

export function restSteps(node: NodeContainer): Step[] {
  const { rest } = node.get(SETTINGS);
  if (rest === null) return [];
  node.provide(REST, makeFront);
  return [
    {
      name: 'rest',
      start: () =>
        node
          .get(REST)
          .listen(rest.host, rest.port)
          .catch(error => {
            throw restTaken(rest, error);
          }),
      stop: () => node.get(REST).close(),
    },
  ];
}

const makeFront = (node: NodeContainer): Front => {
  const { restConnections, restMaxHeader, restTls } = node.get(SETTINGS);
  const { limits } = node.get(COUNTS);
  return new Front(
    () => build(node),
    err => node.get(LOG).error({ err }, 'REST could not be loaded'),
    {
      connections: restConnections,
      headerBytes: restMaxHeader,
      crossed: limit => limits.add(limit),
    },
    restTls ? node.get(SERVER_IDENTITY) : null,
  );
};

async function build(node: NodeContainer): Promise<Answerer> {
  const [{ buildRest }, { Views }, { Sessions }] = await Promise.all([
    import('../rest/server.js'),
    import('../rest/views.js'),
    import('../rest/sessions.js'),
  ]);
  const settings = node.get(SETTINGS);
  const [clock, { limits }] = [node.get(CLOCK), node.get(COUNTS)];
  return buildRest({
    ...ports(node),
    views: new Views(node.get(REGISTRY), settings.name, () =>
      node.has(UPLINK_FACTS) ? node.get(UPLINK_FACTS).facts : null,
    ),
    authenticator: authenticatorFor(node, 'rest'),
    sessions: new Sessions(settings.sessionTime * 1000, clock),
    sessionTime: settings.sessionTime,
    origins: settings.corsOrigins,
    rate: settings.restRate,
    isLoopback: isLoopback(settings.rest?.host ?? '') === true,
    bodyLimit: settings.restMaxBody,
    streams: settings.restStreams,
    limits,
    clock,
    version: VERSION,
  });
}

/** What routes ask the rest of the node for. */
const ports = (node: NodeContainer) => ({
  forget: async (path: string, by: string) => void (await node.get(TREE).forgetting.forget(path, by)),
  desk: node.get(TREE).desk,
  logs: node.get(HUB),
  recall: (id: string) => node.get(TREE).recall(id),
  readiness: () => ({ ready: true, uplink: node.has(UPLINK) ? node.get(UPLINK).state : null }),
  audit: node.get(AUDIT),
  sending: ({ id, by = '' }: Command, { address }: Caller) =>
    node.get(COMMAND_AUDIT).sending(id, { by, address, via: 'rest' }),
  readAudit: (query: AuditQuery, visible: (entry: AuditEntry) => boolean) =>
    readAudit(node.get(SETTINGS).dataDir, query, visible),
  alerts: node.get(ALERTS),
  metrics: () => metricsOf(node),
  office: officeOf(node),
  history: node.get(HISTORY),
  log: node.get(LOG),
});
