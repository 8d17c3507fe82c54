/** Asks a node over REST, as any HTTP client does. */
import { connect } from 'node:net';
import { isDeepStrictEqual } from 'node:util';

/** A node as the contract promises it. */
export interface NodeView {
  readonly path: string;
  readonly name: string;
  readonly kind: string;
  readonly app: string | null;
  readonly status: string;
  readonly cause: string | null;
  readonly link: string;
  readonly phase: string | null;
  readonly health: string | null;
  readonly reason: string | null;
  readonly pid: number | null;
  readonly since: number;
  readonly lastSeenAt: number | null;
  readonly uplink?: { readonly state: string; readonly since: number; readonly cause: string | null };
  readonly blockedBy: string | null;
  readonly broken: { path: string; since: number; cause: string | null; says: string } | null;
  readonly late: boolean;
  readonly flapping: boolean;
  readonly skewMs: number | null;
  readonly warnings: string[];
  readonly epoch: number | null;
  readonly heartbeat: Record<string, unknown> | null;
  readonly children: string[];
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: whatever came; the tests say what it should be
  readonly body: any;
}

export type Expected = Partial<Record<keyof NodeView, unknown>> | ((node: NodeView) => boolean);

export class Rest {
  constructor(
    readonly url: string,
    private readonly token?: string,
  ) {}

  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const init = body === undefined ? {} : { body: JSON.stringify(body), headers: JSON_TYPE };
    return this.raw(path, { method, ...init });
  }

  get(path: string): Promise<Answer> {
    return this.ask('GET', path);
  }

  async raw(path: string, init: RequestInit): Promise<Answer> {
    const shown = this.token === undefined ? {} : { authorization: `Bearer ${this.token}` };
    const headers = { ...(init.headers as Record<string, string>), ...shown };
    const response = await fetch(this.url + path, { ...init, headers });
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    const body = /[/+]json/.test(type) ? JSON.parse(text) : text;
    return { status: response.status, type, headers: response.headers, body };
  }

  /** One node; throws where there is none. */
  async node(path: string): Promise<NodeView> {
    const answer = await this.get(`/api/v1/nodes/${path}`);
    if (answer.status !== 200) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
    return answer.body as NodeView;
  }

  async nodes(query = ''): Promise<NodeView[]> {
    return (await this.get(`/api/v1/nodes${query}`)).body.nodes as NodeView[];
  }

  command(path: string, op: string, more: object = {}, wait = 10): Promise<Answer> {
    return this.ask('POST', `/api/v1/commands?wait=${wait}`, { path, op, ...more });
  }

  /** Waits until a node looks as expected; the deadline is the assertion, its message shows what was seen last. */
  async expect(path: string, expected: Expected, deadlineMs = 10_000): Promise<NodeView> {
    const deadline = performance.now() + deadlineMs;
    let last: unknown;
    for (;;) {
      try {
        const node = await this.node(path);
        if (fits(node, expected)) return node;
        last = node;
      } catch (error) {
        last = (error as Error).message;
      }
      if (performance.now() > deadline) {
        const wanted = typeof expected === 'function' ? String(expected) : JSON.stringify(expected);
        throw new Error(`not within ${deadlineMs} ms: ${path} is ${wanted}; last ${JSON.stringify(last)}`);
      }
      await new Promise(resolve => setTimeout(resolve, 5));
    }
  }
}

const JSON_TYPE = { 'content-type': 'application/json' };

const fits = (node: NodeView, expected: Expected): boolean =>
  typeof expected === 'function'
    ? expected(node)
    : Object.entries(expected).every(([key, value]) => isDeepStrictEqual(node[key as keyof NodeView], value));

/** Bytes as no HTTP client would send them, and the answer until the other side closes. */
export function rawHttp(url: string, bytes: string | Buffer, deadlineMs = 5000): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let answer = '';
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`the connection is still open; so far ${JSON.stringify(answer)}`));
    }, deadlineMs);
    socket.setEncoding('utf8').on('data', text => {
      answer += text;
    });
    // Closed with our bytes unread: what it said before that counts.
    socket.on('error', () => {});
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(answer);
    });
    socket.write(bytes);
  });
}
