/** What a run of faults has left behind, and whether that is what a monitor owes. Pure. */

/** An event as the history of the root has it. */
export interface Told {
  readonly source: string;
  readonly epoch: number;
  readonly seq: number;
  readonly event: string;
}

/** `done`: it was said to have succeeded; `not`: it was refused before anything was done; `unknown`: nobody was told. */
export type Outcome = 'done' | 'not' | 'unknown';

const keyOf = ({ source, epoch }: Told): string => `${source} ${epoch}`;

/** Each event once and in order for each source; a hole in the middle is a loss, whatever was killed. */
export function eventBreaches(told: readonly Told[]): string[] {
  const last = new Map<string, Told>();
  return told.flatMap(event => {
    const before = last.get(keyOf(event));
    last.set(keyOf(event), event);
    const { source, epoch, seq } = event;
    const where = `${source || 'root'} (epoch ${epoch})`;
    if (before === undefined)
      return seq === 1 ? [] : [`${where}: its first event that came is number ${seq}`];
    if (seq === before.seq + 1) return [];
    return [`${where}: ${event.event} number ${seq} came after number ${before.seq}`];
  });
}

/** How often a command took effect at a leaf, against what was said of each. */
export function commandBreaches(
  outcomes: ReadonlyMap<string, readonly Outcome[]>,
  effects: ReadonlyMap<string, number>,
): string[] {
  return [...outcomes].flatMap(([leaf, all]) => {
    const count = (outcome: Outcome) => all.filter(it => it === outcome).length;
    const [seen, done, most] = [effects.get(leaf) ?? 0, count('done'), count('done') + count('unknown')];
    if (seen < done) return [`${leaf}: ${done} commands succeeded, and ${seen} took effect`];
    if (seen > most) return [`${leaf}: ${seen} commands took effect, and at most ${most} can have`];
    return [];
  });
}
