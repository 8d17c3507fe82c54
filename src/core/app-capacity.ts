/** What roll-ups say of the instances of an app. */

/** Of one app below one node: more nodes are not kept track of, and a number that a stranger made up must not be worked off. */
export const MOST_INSTANCES = 50_000;

/** What a subtree has of one app: what is above needs no more to choose among its children. */
export interface Capacity {
  readonly slots: number;
  readonly running: number;
  /** Stand-by slots that could be started now. */
  readonly free: number;
  /** Of those running: in maintenance or late, so that nothing is done to them. */
  readonly held?: number;
  /** Meant to run, and failing. */
  readonly ailing?: number;
}

export interface AppCapacity extends Capacity {
  /** Of the targets: fractions of one core, and bytes. */
  readonly cpu: number;
  readonly rss: number;
  /** Of the machines of all its slots, on average: fractions of their cores and memory in use. */
  readonly load?: number;
  readonly memory?: number;
  /** Load of the least loaded machine with a free slot, and of the most loaded one with a running target; 0 to 1. */
  readonly least?: number;
  readonly most?: number;
  /** The same by label, `key=value`. */
  readonly labels?: Readonly<Record<string, Capacity>>;
}
