/** How available nodes were: their courses from the store, worked out by src/core/timeline.ts. */
import { ancestors } from '../core/names.js';
import {
  addTimes,
  availabilityOf,
  type Change,
  type Course,
  failuresOf,
  noTimes,
  type Span,
  type Times,
  timesOf,
} from '../core/timeline.js';
import { entryOf, type HistoryEntry } from './entries.js';
import { baseKey, eventsOf, idOf, leastId, maintenanceOf, OBSERVED, statesOf } from './keys.js';
import type { Recorder } from './recorder.js';
import type { HistoryStore } from './store.js';

export interface Availability {
  /** 0 to 1: up, degraded included, of the time in which it was up or down; null where there was none. */
  readonly availability: number | null;
  readonly times: Times;
  /** Times that it became down by itself. */
  readonly failures: number;
  readonly repairs: readonly number[];
  /** Times that its target was started again. */
  readonly restarts: number;
}

export class AvailabilityReader {
  private readonly changes = new Map<string, Promise<Change[]>>();
  private readonly spans = new Map<string, Promise<Span[]>>();
  private unobserved: Promise<Span[]> | null = null;

  /** For one question: what is above several nodes is read once. `window`: ms since the Unix epoch. */
  constructor(
    private readonly store: HistoryStore,
    private readonly recorder: Recorder,
    private readonly window: Span,
  ) {}

  async of(path: string): Promise<Availability> {
    const hops = ancestors(path);
    const own = await this.changesOf(path);
    const covering = path === '' ? [''] : ['', ...hops, path];
    const course: Course = {
      own,
      above: await Promise.all(hops.map(hop => this.changesOf(hop))),
      maintenance: (await Promise.all(covering.map(each => this.maintenanceOf(each)))).flat(),
      unobserved: await this.unobservedSpans(),
    };
    const times = timesOf(course, this.window);
    const restarts = await this.restartsOf(path);
    return { availability: availabilityOf(times), times, restarts, ...failuresOf(own, this.window) };
  }

  private changesOf(path: string): Promise<Change[]> {
    return once(this.changes, path, async () => {
      const first = `${statesOf(path)}${idOf(leastId(this.window.from))}`;
      const [before] = await this.store.ledger.indexed(statesOf(path), {
        lt: first,
        reverse: true,
        limit: 1,
      });
      const base = before ?? entryOf((await this.store.ledger.get(baseKey(path))) ?? '');
      const changes = base ? changeOf(base) : [];
      for await (const piece of this.store.ledger.walk(statesOf(path), first))
        for (const entry of piece) changes.push(...changeOf(entry));
      return changes;
    });
  }

  private maintenanceOf(path: string): Promise<Span[]> {
    return once(this.spans, path, async () => {
      const first = `${maintenanceOf(path)}${idOf(leastId(this.window.from))}`;
      const past = await this.store.ledger.indexed(maintenanceOf(path), { gte: first });
      const spans = past.flatMap(entry =>
        entry.type === 'maintenance' ? [{ from: entry.since, to: entry.at }] : [],
      );
      const now = this.recorder.maintained(path);
      return now ? [...spans, { from: now.since, to: now.until ?? Number.POSITIVE_INFINITY }] : spans;
    });
  }

  private unobservedSpans(): Promise<Span[]> {
    this.unobserved ??= this.store.ledger
      .indexed(OBSERVED, { gte: `${OBSERVED}${idOf(leastId(this.window.from))}` })
      .then(found => [
        { from: Number.NEGATIVE_INFINITY, to: this.store.meta.since },
        ...found.flatMap(entry => (entry.type === 'observer' ? [{ from: entry.since, to: entry.at }] : [])),
      ]);
    return this.unobserved;
  }

  private async restartsOf(path: string): Promise<number> {
    let count = 0;
    const first = `${eventsOf(path)}${idOf(leastId(this.window.from))}`;
    for await (const piece of this.store.ledger.walk(eventsOf(path), first))
      count += piece.filter(entry => isRestart(entry) && entry.at < this.window.to).length;
    return count;
  }
}

/** One that was stopped and is started is not started again. */
const isRestart = (entry: HistoryEntry): boolean =>
  entry.type === 'evt' &&
  entry.source === entry.path &&
  entry.event.event === 'phase' &&
  entry.event.to === 'starting' &&
  entry.event.from !== 'stopped';

const changeOf = (entry: HistoryEntry): Change[] =>
  entry.type === 'state' ? [{ at: entry.at, status: entry.status, kind: entry.kind }] : [];

function once<T>(known: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const found = known.get(key) ?? make();
  known.set(key, found);
  return found;
}

/** Of several nodes together: each one's time counts. */
export function together(all: readonly Availability[]): Availability {
  const times = all.reduce((sum, each) => addTimes(sum, each.times), noTimes());
  return {
    availability: availabilityOf(times),
    times,
    failures: all.reduce((sum, each) => sum + each.failures, 0),
    repairs: all.flatMap(each => each.repairs),
    restarts: all.reduce((sum, each) => sum + each.restarts, 0),
  };
}
