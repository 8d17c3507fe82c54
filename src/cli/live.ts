/** Bodies that come as they come: lines of them, and server-sent events. */

/** Milliseconds without a byte after which a connection counts as dead; a live one says something every 15 s. */
export const SILENCE_MS = 45_000;
const HELD_UP_MS = 1000;

/** Lines without their ends, as many as came at once. Ends at the end of the body, throws where it breaks off or falls silent. */
export async function* linesOf(
  body: ReadableStream<Uint8Array>,
  silenceMs: number | null,
): AsyncGenerator<string[]> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const begun: string[] = [];
  try {
    for (;;) {
      const { done, value } = await within(reader.read(), silenceMs);
      if (done) break;
      const lines = decoder.decode(value, { stream: true }).split('\n');
      const last = lines.pop() ?? '';
      if (lines.length > 0) {
        lines[0] = [...begun.splice(0), lines[0]].join('');
        yield lines;
      }
      if (last !== '') begun.push(last);
    }
    if (begun.length > 0) yield [begun.join('')];
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function within<T>(promise: Promise<T>, ms: number | null): Promise<T> {
  if (ms === null) return promise;
  let timer: NodeJS.Timeout | undefined;
  const silent = new Promise<never>((_resolve, reject) => {
    const watch = (): void => {
      const from = performance.now();
      timer = setTimeout(() => {
        // We were held up ourselves, by whoever reads what we print: what has come meanwhile is looked at first.
        if (performance.now() - from > ms + HELD_UP_MS) watch();
        else reject(new Error(`no sign of life for ${ms / 1000} s`));
      }, ms);
    };
    watch();
  });
  try {
    return await Promise.race([promise, silent]);
  } finally {
    clearTimeout(timer);
  }
}

export interface ServerEvent {
  /** Of this event or the last one that had one; '' before the first. */
  readonly id: string;
  /** '' where only the id is said. */
  readonly event: string;
  readonly data: string;
}

/** As the standard has them, without `retry`. */
export async function* eventsOf(
  body: ReadableStream<Uint8Array>,
  silenceMs: number,
): AsyncGenerator<ServerEvent> {
  const parser = new EventParser();
  for await (const lines of linesOf(body, silenceMs)) {
    for (const line of lines) {
      const event = parser.take(line.endsWith('\r') ? line.slice(0, -1) : line);
      if (event) yield event;
    }
  }
}

class EventParser {
  private id = '';
  private event = '';
  private data: string[] = [];

  /** The event that this line ends; null where it ends none. */
  take(line: string): ServerEvent | null {
    if (line === '') return this.dispatch();
    const colon = line.indexOf(':');
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (name === 'id') this.id = value;
    else if (name === 'event') this.event = value;
    else if (name === 'data') this.data.push(value);
    return null;
  }

  private dispatch(): ServerEvent | null {
    const { id, event, data } = this;
    this.event = '';
    this.data = [];
    if (data.length > 0) return { id, event: event || 'message', data: data.join('\n') };
    return id === '' ? null : { id, event: '', data: '' };
  }
}
