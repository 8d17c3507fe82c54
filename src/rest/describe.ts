/** `/openapi.json`: what is said of all routes together. */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { FastifySchema, RouteOptions } from 'fastify';
import { rowOf } from './needs.js';

const SCHEMES = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'a token as `canopy token create` prints it, where the node has auth=required',
  },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: 'canopy_session',
    description:
      'of POST /api/v1/session; under TLS `__Host-canopy_session`. What changes something needs an Origin that is this one’s, or listed',
  },
} as const;
const EITHER = [{ bearer: [] }, { session: [] }];

export const describing = (version: string): FastifyDynamicSwaggerOptions => ({
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Canopy',
      version,
      description:
        'The tree, its nodes, commands to them and their logs. With a token only what is at and below its `under` is seen: lists are narrowed to it, and what is beside it is answered as what does not exist.',
    },
    components: { securitySchemes: SCHEMES },
    security: EITHER,
  },
  refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json.$id ?? `def-${i}`) },
  transform: ({ schema, url, route }) => ({ schema: secured(schema, url, route), url }),
});

function secured(schema: FastifySchema, url: string, { method }: RouteOptions): FastifySchema {
  const isOpen = [method].flat().every(each => rowOf(String(each), url)?.need === 'nothing');
  return isOpen && schema ? { ...schema, security: [] } : schema;
}
