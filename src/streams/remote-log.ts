/** A log that lies below, read by one flow after the other: what breaks is taken up again where it stood. */
import { CanopyError } from '../core/errors.js';
import type { LogItem, LogQuery, LogSource } from '../core/log-lines.js';
import { Cursor } from './cursor.js';
import { FlowBroken, type Inflow } from './inflow.js';
import type { Inflows } from './inflows.js';
import type { LogChoice } from './port.js';
import type { Route } from './route.js';

export interface Way {
  /** Throws `not-found`, `node-unreachable`, `unsupported-op`. */
  route(path: string, self: boolean): Route;
  /** Resolves when something is heard of what is below, or after a while; at once where it was cut. */
  change(cut: AbortSignal): Promise<void>;
}

interface Reading {
  readonly query: LogQuery;
  readonly cursor: Cursor;
  /** What is left of the query. */
  rest: LogQuery;
  /** It was asked to, or has begun: what can't be reached now is waited for. */
  wait: boolean;
  /** The node has been known since this began. */
  known: boolean;
}

const MAY_PASS = new Set(['not-found', 'node-unreachable']);

export class RemoteLog implements LogSource {
  constructor(
    private readonly path: string,
    private readonly choice: LogChoice,
    private readonly inflows: Inflows,
    private readonly way: Way,
  ) {}

  async *read(query: LogQuery, cut: AbortSignal): AsyncGenerator<LogItem, void, undefined> {
    const reading: Reading = {
      query,
      rest: query,
      cursor: new Cursor(query.after ?? 0),
      wait: this.choice.wait === true,
      known: false,
    };
    for (;;) {
      const route = await this.routed(reading, cut);
      if (route === null) return;
      const isOver = yield* this.once(reading, route, cut);
      if (isOver || cut.aborted) return;
      reading.cursor.rewind();
    }
  }

  /** By one flow, as far as that goes; false where there is more. */
  private async *once(
    reading: Reading,
    route: Route,
    cut: AbortSignal,
  ): AsyncGenerator<LogItem, boolean, undefined> {
    const { query, rest, cursor, wait } = reading;
    const wish = { query: rest, ...(this.choice.self && { self: true }), ...(wait && { wait }) };
    const flow = this.inflows.open(route, wish);
    try {
      for await (const item of this.items(flow, cursor, cut)) {
        reading.wait = true;
        reading.rest = { ...withoutTail(query), after: cursor.seq };
        yield item;
        if (item.kind === 'end') return true;
      }
    } catch (error) {
      if (error instanceof FlowBroken) return false;
      if (!reading.wait || !isPassing(error)) throw error;
      await this.way.change(cut);
    } finally {
      this.inflows.close(flow);
    }
    return false;
  }

  private async *items(flow: Inflow, cursor: Cursor, cut: AbortSignal): AsyncGenerator<LogItem> {
    for (let item = await flow.next(cut); item !== null; item = await flow.next(cut)) {
      const news =
        item.kind === 'lines' ? cursor.take(item) : item.kind === 'gap' ? cursor.takeGap(item) : item;
      if (news) yield news;
      if (item.kind === 'end') return;
    }
  }

  /** Null when it was cut. Throws `forgotten` even where it waits: what it waited for will not come back as what it was. */
  private async routed(reading: Reading, cut: AbortSignal): Promise<Route | null> {
    while (!cut.aborted) {
      try {
        const route = this.way.route(this.path, this.choice.self === true);
        reading.known = true;
        return route;
      } catch (error) {
        if (!reading.wait || !isPassing(error)) throw error;
        if (reading.known && (error as CanopyError).code === 'not-found') throw forgotten(this.path);
        reading.known ||= (error as CanopyError).code === 'node-unreachable';
      }
      await this.way.change(cut);
    }
    return null;
  }
}

const isPassing = (error: unknown): boolean => error instanceof CanopyError && MAY_PASS.has(error.code);

const forgotten = (path: string): CanopyError =>
  new CanopyError('forgotten', `"${path}" was forgotten here while its log was read`);

function withoutTail({ tail: _, ...rest }: LogQuery): LogQuery {
  return rest;
}
