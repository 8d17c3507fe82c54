/** What answers REST: routes are handed their ports; nothing here knows MQTT. */
import swagger from '@fastify/swagger';
import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import fastify, { type FastifyInstance } from 'fastify';
import type { History } from '../history/history.js';
import { type AuditPorts, auditRoutes } from './audit-routes.js';
import { availabilityRoutes } from './availability-routes.js';
import { type CommandPorts, commandRoutes } from './command-routes.js';
import { describing } from './describe.js';
import { eventRoutes } from './event-routes.js';
import { type GuardPorts, useGuard } from './guard.js';
import { healthRoutes, type Readiness } from './health-routes.js';
import { type LogPorts, logRoutes } from './log-routes.js';
import { type MetricsPorts, metricsRoutes } from './metrics-routes.js';
import { type NodePorts, nodeRoutes } from './node-routes.js';
import { orderRoutes } from './order-routes.js';
import { badUrl, useProblems } from './problems.js';
import { describeErrors, type SchemaError } from './schema-errors.js';
import { type SessionPorts, sessionRoutes } from './session-routes.js';
import { type Office, tokenRoutes } from './token-routes.js';

export interface RestPorts
  extends NodePorts,
    LogPorts,
    CommandPorts,
    SessionPorts,
    GuardPorts,
    AuditPorts,
    MetricsPorts {
  readonly readiness: () => Readiness;
  readonly version: string;
  /** Bytes of a request body at most; a command is a few hundred. */
  readonly bodyLimit: number;
  /** Null where this node gives out no tokens. */
  readonly office: Office | null;
  /** Null where none is kept. */
  readonly history: History | null;
}

export async function buildRest(ports: RestPorts): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: ports.bodyLimit,
    schemaErrorFormatter: (errors, where) => new Error(describeErrors(errors as SchemaError[], where)),
    routerOptions: { maxParamLength: 1024 },
    frameworkErrors: badUrl as never,
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  app.removeContentTypeParser('text/plain');
  useProblems(app as never, ports.log, ports.limits);
  useGuard(app as never, ports);
  await app.register(swagger, describing(ports.version));
  await app.register(healthRoutes(ports.readiness));
  await app.register(nodeRoutes(ports));
  await app.register(commandRoutes(ports));
  await app.register(orderRoutes(ports));
  await app.register(logRoutes(ports));
  await app.register(sessionRoutes(ports));
  await app.register(auditRoutes(ports));
  await app.register(metricsRoutes(ports));
  if (ports.office) await app.register(tokenRoutes({ office: ports.office, audit: ports.audit }));
  if (ports.history) {
    const { history } = ports;
    await app.register(eventRoutes({ ...ports, history }));
    await app.register(availabilityRoutes({ ...ports, history }));
  }
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  await app.ready();
  return app as never;
}
