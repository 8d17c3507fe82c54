/** Whatever comes in on the REST port is answered as problem+json with a code, and the node lives. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type NodeProcess, startLeaf, startRoot } from '../support/nodes.js';
import { rawHttp } from '../support/rest.js';
import { Sandbox } from '../support/sandbox.js';
import { STEADY } from '../support/targets.js';

const MB = 1024 * 1024;
const COMMANDS = '/api/v1/commands';
const JSON_TYPE = { 'content-type': 'application/json' };

describe('garbage on the REST port', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  const box = new Sandbox({ after });
  let root: NodeProcess;
  before(async () => {
    root = await startRoot(box);
    await startLeaf(box, root, { name: 'web', target: STEADY });
    await root.rest.expect('web', { status: 'up' });
  });
  beforeEach(() => assert.ok(root.isRunning, root.output));

  /** Sends a request as it stands, `..` and all, and checks that what comes back is a problem. */
  async function refused(start: string, status: number, code: string, rest = ''): Promise<void> {
    const answer = await rawHttp(
      root.rest.url,
      `${start} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${rest}\r\n`,
    );
    isProblem(answer, status, code, start);
  }

  const paths: [target: string, status: number, code: string][] = [
    ['/api/v1/nodes/../../../etc/passwd', 400, 'bad-path'],
    ['/api/v1/nodes/%2e%2e/%2e%2e/etc/passwd', 400, 'bad-path'],
    ['/api/v1/nodes/..%2f..%2fetc', 400, 'bad-path'],
    ['/api/v1/nodes/web%00', 400, 'bad-path'],
    ['/api/v1/nodes/%00', 400, 'bad-path'],
    ['/api/v1/nodes/web%0d%0aX-Injected:1', 400, 'bad-path'],
    ['/api/v1/nodes/%zz', 400, 'bad-request'],
    ['/api/v1/nodes/%ff%fe', 400, 'bad-request'],
    ['/api/v1/nodes//web', 400, 'bad-path'],
    ['/api/v1/nodes/hb', 400, 'bad-path'],
    ['/api/v1/nodes/a.b', 400, 'bad-path'],
    [`/api/v1/nodes/${'x'.repeat(64)}`, 400, 'bad-path'],
    [`/api/v1/nodes/${Array(9).fill('n').join('/')}`, 400, 'bad-path'],
    ['/api/v1/nodes/nobody', 404, 'not-found'],
    ['/api/v1/nodes?under=..', 400, 'bad-path'],
    ['/api/v1/nodes?limit=1e9', 400, 'bad-request'],
    ['/api/v1/commands/%zz', 400, 'bad-request'],
    ['/api/v1/commands/%00', 404, 'not-found'],
    [`/api/v1/commands/${'x'.repeat(5000)}`, 400, 'bad-request'],
    ['/api/v1/logs/..%2f..%2fetc', 400, 'bad-path'],
    ['/api/v1/logs/web%00', 400, 'bad-path'],
    ['/api/v1/logs/%zz', 400, 'bad-request'],
    ['/api/v1/logs/web?tail=-1', 400, 'bad-argument'],
    ['/api/v1/logs/web?tail=1&tail=2', 400, 'bad-argument'],
    ['/api/v1/logs/web?tail[]=1', 400, 'bad-argument'],
    ['/api/v1/logs/web?__proto__=1', 400, 'bad-argument'],
    [`/api/v1/logs/web?grep=${'x'.repeat(1001)}`, 400, 'bad-argument'],
    ['/api/v1/logs/nobody?follow=true', 404, 'not-found'],
    ['/api/v1/frobnicate', 404, 'not-found'],
    ['/', 404, 'not-found'],
    ['//', 404, 'not-found'],
    ['*', 404, 'not-found'],
    ['http://elsewhere/api/v1/frobnicate', 404, 'not-found'],
  ];
  for (const [target, status, code] of paths) {
    it(`GET ${target.slice(0, 60)}: ${status}`, () => refused(`GET ${target}`, status, code));
  }

  const methods: [start: string, status: number, code: string][] = [
    ['DELETE /api/v1/tree', 405, 'method-not-allowed'],
    ['POST /api/v1/nodes/web', 405, 'method-not-allowed'],
    ['PUT /api/v1/commands', 405, 'method-not-allowed'],
    ['PATCH /healthz', 405, 'method-not-allowed'],
    ['DELETE /api/v1/nodes/%00', 400, 'bad-path'],
    ['DELETE /api/v1/nodes/nobody', 404, 'not-found'],
  ];
  for (const [start, status, code] of methods) it(`${start}: ${status}`, () => refused(start, status, code));

  const bodies: [what: string, body: string, type: string, status: number, code: string][] = [
    ['broken JSON', '{"path":"web"', 'application/json', 400, 'bad-request'],
    ['no JSON', 'restart web', 'application/json', 400, 'bad-request'],
    ['an empty body', '', 'application/json', 400, 'bad-request'],
    ['an array', '[]', 'application/json', 400, 'bad-request'],
    ['null', 'null', 'application/json', 400, 'bad-request'],
    ['a prototype', '{"path":"web","op":"ping","__proto__":{"x":1}}', 'application/json', 400, 'bad-request'],
    [
      'deep nesting',
      `{"path":"web","op":"ping","args":${'['.repeat(50_000)}`,
      'application/json',
      400,
      'bad-request',
    ],
    ['NUL in the path', '{"path":"web\\u0000","op":"ping"}', 'application/json', 400, 'bad-path'],
    ['an empty op', '{"path":"web","op":""}', 'application/json', 400, 'bad-request'],
    ['another type', 'path=web&op=ping', 'application/x-www-form-urlencoded', 415, 'unsupported-media-type'],
    ['XML', '<command/>', 'text/xml', 415, 'unsupported-media-type'],
    ['no such type', '{}', 'nonsense', 415, 'unsupported-media-type'],
  ];
  for (const [what, body, type, status, code] of bodies) {
    it(`POST ${what}: ${status}`, () =>
      refused(
        `POST ${COMMANDS}`,
        status,
        code,
        `content-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      ));
  }

  it('a body of 10 MB is refused, many times, and not kept', async () => {
    const body = `{"path":"web","op":"ping","by":"${'x'.repeat(10 * MB)}"}`;
    const before = root.rss();
    const post = () =>
      root.rest.raw(COMMANDS, { method: 'POST', headers: JSON_TYPE, body }).catch(() => null);
    const answers = [...(await Promise.all(Array.from({ length: 8 }, post))), await post(), await post()];
    // One that is still being sent when the answer comes may see the connection close instead.
    for (const answer of answers)
      if (answer) assert.deepEqual([answer.status, answer.body.code], [413, 'body-too-large']);
    const grown = (root.rss() - before) / MB;
    assert.ok(grown < 60, `${grown} MB more than before`);
  });

  it('a claim of 10 MB is refused before they come', () =>
    refused(
      `POST ${COMMANDS}`,
      413,
      'body-too-large',
      `content-type: application/json\r\ncontent-length: ${10 * MB}\r\n`,
    ));

  it('chunks without an end are refused at the limit', async () => {
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const head = `POST ${COMMANDS} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`;
    isProblem(await rawHttp(root.rest.url, head + chunk.repeat(20)), 413, 'body-too-large', 'chunks');
  });

  const noHttp: [what: string, bytes: string | Buffer][] = [
    ['random bytes', Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 7919 + 13) % 256))],
    ['a TLS hello', Buffer.from('16030100c8010000c40303', 'hex')],
    ['an MQTT CONNECT', Buffer.from('100c00044d5154540402003c0000', 'hex')],
    ['a header that never ends', `GET / HTTP/1.1\r\nx: ${'y'.repeat(100_000)}`],
    [
      'two lengths',
      `POST ${COMMANDS} HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\n{}`,
    ],
    ['a control character in the path', 'GET /\u0001 HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['an unknown method', 'FROB / HTTP/1.1\r\nhost: x\r\n\r\n'],
  ];
  for (const [what, bytes] of noHttp) {
    it(`${what}: 400`, async () => isProblem(await rawHttp(root.rest.url, bytes), 400, 'bad-request', what));
  }

  it('and afterwards it still answers, none of it was an error of its own', async () => {
    assert.equal((await root.rest.command('web', 'ping')).body.status, 'succeeded');
    assert.equal(root.count(/request failed/), 0, root.output);
  });
});

function isProblem(answer: string, status: number, code: string, what: string): void {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `), `${what}: ${answer.slice(0, 400)}`);
  assert.match(head, /content-type: application\/problem\+json/i);
  const problem = JSON.parse(body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1));
  assert.deepEqual([problem.status, problem.code], [status, code], what);
  assert.ok(problem.title && problem.detail.length > 5, body);
}
