/** REST over a real registry and desk, asked without a socket. */
import type { FastifyInstance } from 'fastify';
import type { AuditNote } from '../../../src/core/audit-entry.js';
import { CanopyError } from '../../../src/core/errors.js';
import { Registry } from '../../../src/core/registry.js';
import { Tally } from '../../../src/core/tally.js';
import { Front } from '../../../src/rest/front.js';
import { buildRest, type RestPorts } from '../../../src/rest/server.js';
import { Sessions } from '../../../src/rest/sessions.js';
import { type NodeView, Views } from '../../../src/rest/views.js';
import type { LogHub } from '../../../src/streams/port.js';
import { Desk, type Tracked } from '../../../src/tree/desk.js';
import { forgettable } from '../../../src/tree/orders.js';
import { at, relay, state, taken } from '../core/support.js';
import { Place, TestClock } from '../node/support.js';
import { SAMPLES } from '../protocol/support.js';

/** root; rack1 with api and web; cut, lost, with db below it; web. */
/** Of a command that an earlier process of this node was given. */
export const REMEMBERED: Tracked = {
  v: 1,
  id: 'remembered',
  op: 'restart',
  status: 'failed',
  done: true,
  ts: 1,
  path: '',
};

export function registryOf(): Registry {
  const registry = new Registry();
  taken(registry, '', relay({ kind: 'root' }), 1);
  for (const path of ['rack1', 'cut']) taken(registry, path, relay(), 2);
  taken(registry, 'rack1/web', state(), 3);
  taken(registry, 'rack1/api', state({ app: 'api', phase: 'backoff', exitCode: 3, pid: null }), 3);
  taken(registry, 'cut/db', state({ app: 'db' }), 3);
  taken(registry, 'web', state(), 3);
  registry.applyBeat('web', { ...SAMPLES.hb, epoch: 10, seq: 4, pid: 41 }, at(4));
  taken(registry, 'cut', relay({ link: 'lost', reason: 'timeout' }), 9);
  return registry;
}

export const listed = (): NodeView[] => new Views(registryOf(), 'root').list();

export interface Served {
  readonly app: FastifyInstance;
  readonly front: Front;
  readonly place: Place;
  readonly desk: Desk;
  readonly clock: TestClock;
  readonly logged: string[];
  readonly noted: AuditNote[];
  /** Commands that were sent for somebody: id and address. */
  readonly sent: string[];
  readonly forgotten: string[];
  /** Status, type, body and one header of an answer. */
  ask(method: string, url: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  close(): Promise<void>;
}
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly headers: Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON it is, the test says what it expects
  readonly json: any;
}

const noLogs: LogHub = {
  source: path => {
    throw new CanopyError('not-found', `there is no log of "${path}" here`);
  },
};

/** What a test serves with of its own. */
export type Given = Partial<RestPorts> & { readonly uplink?: string | null };

export async function serve(given: Given = {}): Promise<Served> {
  const { uplink = null, ...own } = given;
  const registry = registryOf();
  const place = await Place.open();
  const desk = new Desk(registry, place.link, new TestClock());
  const [logged, forgotten]: [string[], string[]] = [[], []];
  const [noted, sent, clock]: [AuditNote[], string[], TestClock] = [[], [], new TestClock()];
  const app = await buildRest({
    views: new Views(registry, 'root'),
    forget: async path => void forgotten.push(forgettable(registry, path)),
    desk,
    logs: noLogs,
    recall: id => (id === 'remembered' ? REMEMBERED : null),
    readiness: () => ({ ready: uplink !== 'connecting', uplink }),
    version: '1.2.3',
    log: { error: (_fields, message) => logged.push(message) },
    audit: { note: note => noted.push(note) },
    sending: ({ id }, { address }) => sent.push(`${id} ${address}`),
    readAudit: async () => ({ entries: [], nextCursor: null }),
    metrics: () => [],
    office: null,
    history: null,
    authenticator: null,
    sessions: new Sessions(3_600_000, clock),
    sessionTime: 3600,
    origins: [],
    rate: 1000,
    isLoopback: true,
    bodyLimit: 256 * 1024,
    streams: 100,
    limits: new Tally(),
    clock,
    ...own,
  });
  const ask = async (method: string, url: string, body?: unknown, headers = {}): Promise<Answer> => {
    const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const json = { 'content-type': 'application/json' };
    const answer = await app.inject({
      method: method as 'GET',
      url,
      ...(payload !== undefined && { payload }),
      headers: { ...(body === undefined ? {} : json), ...headers },
    });
    const type = String(answer.headers['content-type'] ?? '').split(';')[0] ?? '';
    return {
      status: answer.statusCode,
      type,
      headers: answer.headers,
      json: answer.body && JSON.parse(answer.body),
    };
  };
  const front = new Front(
    async () => app,
    error => logged.push(error.message),
  );
  const close = async () => {
    desk.stop();
    await front.close();
    await app.close();
    await place.close();
  };
  return { app, front, place, desk, clock, logged, forgotten, noted, sent, ask, close };
}
