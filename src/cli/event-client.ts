/** Events over REST as they happen: gone on with after any break, none twice and none left out unsaid. */
import { setTimeout as pause } from 'node:timers/promises';
import type { RestClient } from './client.js';
import { CliError, EXIT } from './exit.js';
import { eventsOf, SILENCE_MS } from './live.js';

// biome-ignore lint/suspicious/noExplicitAny: JSON as it came; what is printed says what is read of it
export type Told = Record<string, any>;

/** Milliseconds until it is tried again, doubled each time. */
const FIRST_WAIT_MS = 100;
const MOST_WAIT_MS = 2000;

export class EventClient {
  private last: number;

  constructor(
    private readonly rest: RestClient,
    private readonly query: URLSearchParams,
    /** Told that it broke off, and why; null when it goes on. */
    private readonly trouble: (why: string | null) => void,
    last: number,
  ) {
    this.last = last;
  }

  /** Never ends by itself; throws what no second try would change. A gap is handed on as `{"gap":…}`. */
  async *coming(): AsyncGenerator<Told> {
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(MOST_WAIT_MS, wait * 2)) {
      try {
        for await (const told of this.open()) {
          wait = FIRST_WAIT_MS;
          if (told) yield told;
        }
        this.trouble('the stream has ended');
      } catch (error) {
        if (error instanceof CliError && error.exitCode !== EXIT.noAnswer && !mayPass(error)) throw error;
        this.trouble((error as Error).message);
      }
      await pause(wait);
    }
  }

  /** Null once it stands. */
  private async *open(): AsyncGenerator<Told | null> {
    const cut = new AbortController();
    try {
      const headers = { accept: 'text/event-stream', 'last-event-id': String(this.last) };
      const response = await this.rest.open(`/api/v1/events?${this.query}`, headers, cut);
      this.trouble(null);
      yield null;
      for await (const { id, event, data } of eventsOf(
        response.body as ReadableStream<Uint8Array>,
        SILENCE_MS,
      )) {
        const told = data === '' ? null : (JSON.parse(data) as Told);
        // How things are is what follows a gap; what changed is what was asked for.
        if (told && !told.snapshot) yield event === 'gap' ? { gap: told.gap } : told;
        if (id !== '') this.last = Number(id);
      }
    } finally {
      cut.abort();
    }
  }
}

const mayPass = ({ problem }: CliError): boolean =>
  ['shutting-down', 'slow-down', 'too-many-streams', 'internal-error'].includes(problem ?? '');
