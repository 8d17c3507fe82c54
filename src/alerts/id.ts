/** The id of an alert: of facts that its source has told, so that whoever can know of it comes to the same. */
import { createHash } from 'node:crypto';

/** What a node said of itself, or its parent for it, that opened an alert. */
export interface Opening {
  readonly epoch: number | null;
  /** By the clock of who said it. */
  readonly ts: number;
}

/** Of the path the last two names: a relay knows those as well as its parent does, the way above itself it does not. */
export function placeOf(path: string, ownName: string): string {
  return `${ownName}/${path}`.split('/').slice(-2).join('/');
}

export function alertId(rule: string, place: string, { epoch, ts }: Opening): string {
  const facts = JSON.stringify([rule, place, epoch, ts]);
  return createHash('sha256').update(facts).digest('hex').slice(0, 20);
}
