import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CanopyError, ERROR_CODES, type ErrorCode } from '../../../src/core/errors.js';
import { MalformedPayload } from '../../../src/protocol/codec.js';
import { problem } from '../../../src/rest/problem.js';
import { codeOf } from '../../../src/rest/problems.js';
import { type Served, serve } from './support.js';

test('every code is a problem with a status of its class', () => {
  for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
    const { type, title, status, ...rest } = problem(code, 'so', '/x');
    assert.deepEqual(rest, { code, detail: 'so', instance: '/x' });
    assert.ok(status >= 400 && status < 600 && title !== '' && type === 'about:blank');
    if (status >= 500) assert.ok(['internal-error', 'node-unreachable', 'no-result'].includes(code), code);
  }
});

test('whatever was thrown has a code', () => {
  const cases: [unknown, ErrorCode][] = [
    [new CanopyError('node-alive', ''), 'node-alive'],
    [new MalformedPayload(''), 'bad-payload'],
    [Object.assign(new Error(), { statusCode: 413 }), 'body-too-large'],
    [Object.assign(new Error(), { statusCode: 415 }), 'unsupported-media-type'],
    [Object.assign(new Error(), { statusCode: 422 }), 'bad-request'],
    [Object.assign(new Error(), { statusCode: 502 }), 'internal-error'],
    [new TypeError('ours'), 'internal-error'],
  ];
  for (const [error, code] of cases) assert.equal(codeOf(error), code);
});

describe('over HTTP', () => {
  let rest: Served;
  before(async () => {
    rest = await serve();
  });
  after(() => rest.close());

  const command = (more: object) => ({ path: 'web', op: 'ping', ...more });
  const NODES = '/api/v1/nodes';
  const COMMANDS = '/api/v1/commands';
  const CASES: [
    method: string,
    url: string,
    body: unknown,
    status: number,
    code: ErrorCode,
    detail: RegExp,
  ][] = [
    ['GET', '/nowhere', undefined, 404, 'not-found', /no route GET \/nowhere/],
    ['GET', `${NODES}/nowhere`, undefined, 404, 'not-found', /no node "nowhere"/],
    ['GET', `${NODES}/a%20b`, undefined, 400, 'bad-path', /"a b" is not a name/],
    ['GET', `${NODES}/%zz`, undefined, 400, 'bad-request', /%zz/],
    ['GET', `${NODES}?status=great`, undefined, 400, 'bad-request', /status.*degraded/],
    ['GET', `${NODES}?limit=0`, undefined, 400, 'bad-request', /limit/],
    ['GET', `${NODES}?colour=red`, undefined, 400, 'bad-request', /unknown field "colour"/],
    ['GET', `${NODES}?cursor=x`, undefined, 400, 'bad-request', /cursor/],
    ['DELETE', `${NODES}/web`, undefined, 409, 'node-alive', /"web" is up/],
    ['DELETE', `${NODES}/nowhere`, undefined, 404, 'not-found', /nowhere/],
    ['PUT', COMMANDS, {}, 405, 'method-not-allowed', /takes POST, found PUT/],
    ['POST', '/api/v1/tree', {}, 405, 'method-not-allowed', /takes GET/],
    ['POST', COMMANDS, '{"path"', 400, 'bad-request', /JSON/],
    ['POST', COMMANDS, {}, 400, 'bad-request', /path|op/],
    ['POST', COMMANDS, command({ colour: 1 }), 400, 'bad-request', /unknown field "colour"/],
    ['POST', COMMANDS, command({ path: 'nowhere' }), 404, 'not-found', /no node "nowhere"/],
    ['POST', COMMANDS, command({ path: 'a b' }), 400, 'bad-path', /"a b"/],
    ['POST', COMMANDS, command({ path: 'cut/db' }), 503, 'node-unreachable', /behind "cut"/],
    ['POST', COMMANDS, command({ id: 'x'.repeat(300_000) }), 413, 'body-too-large', /./],
    ['POST', `${COMMANDS}?wait=61`, command({}), 400, 'bad-request', /wait/],
    ['GET', `${COMMANDS}/never`, undefined, 404, 'not-found', /no command "never"/],
  ];
  for (const [method, url, body, status, code, detail] of CASES) {
    test(`${method} ${url} ${JSON.stringify(body)?.slice(0, 60) ?? ''}: ${status} ${code}`, async () => {
      const answer = await rest.ask(method, url, body);
      assert.deepEqual(
        [answer.status, answer.type, answer.json.code],
        [status, 'application/problem+json', code],
      );
      assert.equal(answer.json.status, status);
      assert.match(answer.json.detail, detail);
      if (status === 405) assert.match(String(answer.headers.allow), /^(GET|POST|DELETE)/);
    });
  }

  test('a body that is not JSON by its type', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml']) {
      const answer = await rest.ask('POST', COMMANDS, 'a=b', { 'content-type': type });
      assert.deepEqual([answer.status, answer.json.code], [415, 'unsupported-media-type'], type);
    }
  });

  test('none of them was an error of ours', () => assert.deepEqual(rest.logged, []));
});
