/** A web server that takes alerts as it is told to: by a status, not at all, or for ever. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Scope } from './sandbox.js';

export interface Taken {
  // biome-ignore lint/suspicious/noExplicitAny: whatever came; the tests say what it should be
  readonly body: any;
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
  readonly method: string;
  readonly url: string;
  /** What it was answered. */
  readonly answer: Answer;
}
export type Answer = number | 'hang' | 'cut';

export class Receiver {
  readonly taken: Taken[] = [];
  answer: Answer = 200;
  /** Before that, one for each request. */
  readonly first: Answer[] = [];

  private readonly server = createServer();

  constructor(scope: Scope) {
    this.server.on('request', (request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', part => {
        text += part;
      });
      request.on('end', () => {
        const answer = this.first.shift() ?? this.answer;
        const { headers, method = '', url = '' } = request;
        const body = text === '' ? null : JSON.parse(text);
        this.taken.push({ body, text, headers, method, url, answer });
        if (answer === 'cut') request.socket.destroy();
        else if (answer !== 'hang') response.writeHead(answer).end('{}');
      });
    });
    scope.after(() => this.close());
  }

  async listen(port = 0): Promise<void> {
    await new Promise<void>(resolve => this.server.listen(port, '127.0.0.1', resolve));
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }
  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }
  /** Keys of what was taken. */
  get keys(): string[] {
    return this.accepted.map(({ body }) => body.key);
  }
  get accepted(): Taken[] {
    return this.taken.filter(({ answer }) => answer === 200);
  }
  /** `firing rack1/web`, …, of what was taken. */
  get said(): string[] {
    return this.accepted.map(({ body }) => `${body.kind} ${body.path}`);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
  }
}
