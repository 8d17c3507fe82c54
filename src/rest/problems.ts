/** Errors as RFC 9457 problem details, with a stable code. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import * as Type from 'typebox';
import { CanopyError, type ErrorCode } from '../core/errors.js';
import { redactText } from '../core/redact.js';
import type { Tally } from '../core/tally.js';
import { MalformedPayload } from '../protocol/codec.js';
import { problem } from './problem.js';

export const ProblemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String(),
    detail: Type.String({ description: 'what was expected and what was found' }),
    instance: Type.Optional(Type.String()),
  },
  { $id: 'Problem' },
);

/** The code of an error that fastify or we have thrown. */
export function codeOf(error: unknown): ErrorCode {
  if (error instanceof CanopyError) return error.code;
  if (error instanceof MalformedPayload) return 'bad-payload';
  const { statusCode = 500 } = error as Partial<FastifyError>;
  if (statusCode === 413) return 'body-too-large';
  if (statusCode === 415) return 'unsupported-media-type';
  return statusCode < 500 ? 'bad-request' : 'internal-error';
}

export function useProblems(
  app: FastifyInstance,
  log: { error(fields: object, message: string): void },
  limits: Tally,
): void {
  app.setErrorHandler((error, request, reply) => {
    const code = codeOf(error);
    if (code === 'body-too-large') limits.add('rest_max_body');
    if (code !== 'internal-error') return send(request, reply, code, (error as Error).message);
    log.error({ err: error, url: request.url }, 'request failed');
    return send(request, reply, code, 'the log of this node has the details');
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    const others = ['GET', 'POST', 'DELETE'].filter(
      method => method !== request.method && app.findRoute({ method: method as 'GET', url: path }) !== null,
    );
    if (others.length === 0)
      return send(request, reply, 'not-found', `there is no route ${request.method} ${path}`);
    reply.header('allow', others.join(', '));
    return send(
      request,
      reply,
      'method-not-allowed',
      `${path} takes ${others.join(', ')}, found ${request.method}`,
    );
  });
}

function send(request: FastifyRequest, reply: FastifyReply, code: ErrorCode, detail: string) {
  // What was asked for is told back, but for a token that was put where it does not belong.
  const body = problem(code, redactText(detail), redactText(request.url.slice(0, 1024)));
  return reply.code(body.status).type('application/problem+json').send(body);
}

/** What fastify answers before a request object is whole: an URL that does not decode. */
export const badUrl = (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => {
  const body = problem('bad-request', redactText(error.message.slice(0, 300)));
  return reply.code(body.status).type('application/problem+json').send(body);
};
