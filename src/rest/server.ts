/** What answers REST: routes are handed their ports; nothing here knows MQTT. */
import swagger from '@fastify/swagger';
import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import fastify, { type FastifyInstance } from 'fastify';
import type { Desk, Tracked } from '../tree/desk.js';
import { commandRoutes } from './command-routes.js';
import { healthRoutes, type Readiness } from './health-routes.js';
import { type LogPorts, logRoutes } from './log-routes.js';
import { type NodePorts, nodeRoutes } from './node-routes.js';
import { orderRoutes } from './order-routes.js';
import { badUrl, useProblems } from './problems.js';
import { describeErrors, type SchemaError } from './schema-errors.js';

export interface RestPorts extends NodePorts, LogPorts {
  readonly desk: Desk;
  /** What became of a command to this node itself, by its id. */
  readonly recall: (id: string) => Tracked | null;
  readonly readiness: () => Readiness;
  readonly version: string;
}

/** Bytes of a request body at most; a command is a few hundred. */
const BODY_LIMIT = 256 * 1024;

export async function buildRest(ports: RestPorts): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: BODY_LIMIT,
    schemaErrorFormatter: (errors, where) => new Error(describeErrors(errors as SchemaError[], where)),
    routerOptions: { maxParamLength: 1024 },
    frameworkErrors: badUrl as never,
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  app.removeContentTypeParser('text/plain');
  useProblems(app as never, ports.log);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Canopy',
        version: ports.version,
        description: 'The tree, its nodes, commands to them and their logs.',
      },
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json.$id ?? `def-${i}`) },
  });
  await app.register(healthRoutes(ports.readiness));
  await app.register(nodeRoutes(ports));
  await app.register(commandRoutes(ports.desk, ports.recall));
  await app.register(orderRoutes(ports.desk));
  await app.register(logRoutes(ports));
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  await app.ready();
  return app as never;
}
