/** Server-sent events as a client of its own sees them: the bytes of a live connection, taken apart. */
import { get, type IncomingMessage } from 'node:http';
import { until } from './wait.js';

export interface SseEvent {
  readonly id: string | null;
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON it is, the test says what it expects
  readonly data: any;
}

export class SseClient {
  text = '';
  ended: 'whole' | 'broken' | null = null;

  private constructor(private readonly response: IncomingMessage) {
    response.setEncoding('utf8').on('data', chunk => {
      this.text += chunk;
    });
    response.once('error', () => {});
    response.once('close', () => {
      this.ended = response.complete ? 'whole' : 'broken';
    });
  }

  static async open(url: string, headers: Record<string, string> = {}): Promise<SseClient> {
    const response = await new Promise<IncomingMessage>((resolve, reject) =>
      get(url, { headers, agent: false }, resolve).once('error', reject),
    );
    return new SseClient(response);
  }

  get status(): number {
    return this.response.statusCode ?? 0;
  }
  get type(): string {
    return this.response.headers['content-type'] ?? '';
  }

  get events(): SseEvent[] {
    const blocks = this.text.slice(0, this.text.lastIndexOf('\n\n') + 1).split('\n\n');
    return blocks.flatMap(block => {
      const field = (name: string): string | null =>
        new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? null;
      const [event, data] = [field('event'), field('data')];
      return event === null || data === null ? [] : [{ id: field('id'), event, data: JSON.parse(data) }];
    });
  }

  /** What its `log` events hold, `seq line` each. */
  get lines(): string[] {
    return this.events
      .filter(({ event }) => event === 'log')
      .flatMap(({ data }) =>
        data.lines.map(({ seq, line }: { seq: number; line: string }) => `${seq} ${line}`),
      );
  }

  async saw(wanted: (client: this) => unknown, deadlineMs?: number): Promise<void> {
    await until(() => wanted(this), deadlineMs, `${wanted}; it saw ${this.text.slice(-1000)}`);
  }

  close(): void {
    this.response.destroy();
  }
}

/** What a live connection says, one event after the other, none of it kept: for streams too large to be. */
export async function* sseEvents(
  url: string,
  cut: AbortSignal,
  headers: Record<string, string> = {},
): AsyncGenerator<Omit<SseEvent, 'id'>> {
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    get(url, { agent: false, signal: cut, headers }, resolve).once('error', reject),
  );
  if (response.statusCode !== 200) throw new Error(`${url}: ${(await response.toArray()).join('')}`);
  let rest = '';
  let event = '';
  for await (const text of response.setEncoding('utf8')) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('event: ')) event = line.slice(7);
      else if (event === 'problem') throw new Error(line);
      else if (line.startsWith('data: ')) yield { event, data: JSON.parse(line.slice(6)) };
    }
  }
}
