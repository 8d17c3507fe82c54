/** What was done to a tree and what was seen of it, and whether that is what a supervisor owes. Pure. */

export type Op = 'start' | 'stop';
export interface Seen {
  /** Pids of its living copies, as the system has them. */
  readonly live: readonly number[];
  /** As the root tells it. */
  readonly status: string;
  readonly pid: number | null;
}
/** How it looks at a quiet point: everything is up that should be, nothing is under way. */
export interface Quiet {
  readonly type: 'quiet';
  readonly leaves: Readonly<Record<string, Seen>>;
  /** Status of each relay. */
  readonly relays: Readonly<Record<string, string>>;
}
export type Entry =
  /** Every leaf there is, all meant to run. */
  | { readonly type: 'begin'; readonly leaves: readonly string[] }
  | { readonly type: 'kill'; readonly what: string; readonly name: string }
  | { readonly type: 'launch'; readonly name: string }
  | { readonly type: 'order'; readonly leaf: string; readonly op: Op }
  /** `unknown`: nobody was told whether it was carried out; `not-sent`: it was refused before it went out. */
  | {
      readonly type: 'ordered';
      readonly leaf: string;
      readonly op: Op;
      readonly outcome: 'done' | 'unknown' | 'not-sent';
    }
  /** A copy has found another one alive. */
  | { readonly type: 'twin'; readonly leaf: string }
  | Quiet;

export type Wanted = 'running' | 'stopped' | 'either';

const MEANT = { start: 'running', stop: 'stopped' } as const;

/** What each leaf is meant to do by now. */
export function wantedBy(history: readonly Entry[]): Map<string, Wanted> {
  const wanted = new Map<string, Wanted>();
  for (const entry of history) {
    if (entry.type === 'begin') for (const leaf of entry.leaves) wanted.set(leaf, 'running');
    if (entry.type !== 'ordered' || entry.outcome === 'not-sent') continue;
    wanted.set(entry.leaf, entry.outcome === 'done' ? MEANT[entry.op] : 'either');
  }
  return wanted;
}

/** Every breach in the history, with the number of the entry that shows it; none where all is well. */
export function breaches(history: readonly Entry[]): string[] {
  return history.flatMap((entry, at) => {
    if (entry.type === 'twin') return [`#${at} ${entry.leaf}: a copy found another one alive`];
    if (entry.type !== 'quiet') return [];
    return breachesOf(entry, wantedBy(history.slice(0, at))).map(breach => `#${at} ${breach}`);
  });
}

export function breachesOf({ leaves, relays }: Quiet, wanted: ReadonlyMap<string, Wanted>): string[] {
  const down = Object.entries(relays).filter(([, status]) => status !== 'up');
  return [
    ...[...wanted].flatMap(([leaf, meant]) => wrongWith(leaves[leaf], meant).map(what => `${leaf}: ${what}`)),
    ...down.map(([relay, status]) => `${relay}: it runs, and the root says ${status}`),
  ];
}

function wrongWith(seen: Seen | undefined, meant: Wanted): string[] {
  if (!seen) return ['the root does not know it'];
  const { live, status, pid } = seen;
  const found: string[] = [];
  if (live.length > 1) found.push(`${live.length} live copies (${live.join(', ')})`);
  if (live.length === 0 && meant === 'running') found.push('it should run, and no copy lives');
  if (live.length > 0 && meant === 'stopped') found.push(`it was stopped, and ${live.join(', ')} lives`);
  const [wantedStatus, wantedPid] = live.length > 0 ? ['up', live[0]] : ['stopped', null];
  if (status !== wantedStatus) found.push(`the root says ${status} where ${wantedStatus} is true`);
  if (pid !== wantedPid) found.push(`the root says pid ${pid} where ${wantedPid} is true`);
  return found;
}
