/** The newest lines of one log, for those who follow it a little apart. */
import type { LogGap, LogLines } from '../core/log-lines.js';
import { RING_BYTES } from './limits.js';

export type RingItem = LogLines | LogGap;

interface Entry {
  readonly item: RingItem;
  readonly cost: number;
  /** Costs of all items ever before it. */
  readonly start: number;
  readonly last: number;
}

/** Bytes that an item costs beside its lines. */
const BESIDE = 256;

export class Ring {
  private entries: Entry[] = [];
  private bytes = 0;
  private total = 0;
  /** The number of its oldest item; they count up for ever. */
  first = 0;

  /** The last line that has come, or is known of. */
  last: number;

  /** `floor`: whoever has all lines up to this one finds all others here, or will. */
  constructor(
    public floor: number,
    private readonly most = RING_BYTES,
  ) {
    this.last = floor;
  }

  /** The number that the next item will have. */
  get next(): number {
    return this.first + this.entries.length;
  }

  add(item: RingItem): void {
    const cost = costOf(item);
    this.last = lastOf(item);
    this.entries.push({ item, cost, start: this.total, last: this.last });
    this.total += cost;
    this.bytes += cost;
    while (this.bytes > this.most && this.entries.length > 1) this.drop();
  }

  /** Null where it has been dropped. */
  at(number: number): RingItem | null {
    return this.entries[number - this.first]?.item ?? null;
  }

  /** Bytes from this item on. */
  after(number: number): number {
    const entry = this.entries[Math.max(0, number - this.first)];
    return entry ? this.total - entry.start : 0;
  }

  private drop(): void {
    const entry = this.entries.shift() as Entry;
    this.bytes -= entry.cost;
    this.first++;
    this.floor = Math.max(this.floor, entry.last);
  }
}

const costOf = (item: RingItem): number => BESIDE + (item.kind === 'lines' ? item.bytes.length : 0);

/** The last line that it has any of: without its first pieces a line is of no use. */
function lastOf(item: RingItem): number {
  if (item.kind === 'gap') return item.to;
  const run = item.runs.at(-1);
  return run ? run.seq + run.lines - 1 : 0;
}
