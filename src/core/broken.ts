/** Which hop broke, since when, and what is known of it: for itself, and for all that is hidden behind it. Pure. */
import type { Cause } from './facts.js';
import { ancestors } from './names.js';
import type { NodeRecord } from './node-record.js';
import { isRestarting, restartEnds } from './planned-restart.js';

export interface Broken {
  readonly path: string;
  /** Wall ms. */
  readonly since: number;
  /** Null: it said goodbye. */
  readonly cause: Cause | null;
  readonly says: string;
}

interface Reader {
  get(path: string): NodeRecord | undefined;
}

/** The hop nearest to the observer, above this path, that is not online. */
export function firstBroken(registry: Reader, path: string): NodeRecord | null {
  for (const above of ancestors(path)) {
    const hop = registry.get(above);
    if (hop && hop.link !== 'online') return hop;
  }
  return null;
}

/** When a hop broke, wall ms, and the cause: one that did not come back from a restart did so at its deadline. */
export function brokenAt({ link, linkAt, restart, cause }: NodeRecord): {
  since: number;
  cause: Cause | null;
} {
  return link === 'offline' && restart
    ? { since: restartEnds(restart), cause: 'timeout' }
    : { since: linkAt.now, cause };
}

/** `mono`: the observer's clock. Null where no hop is broken, up to and with this one: one that restarts, or said goodbye, is not. */
export function brokenHop(registry: Reader, record: NodeRecord, mono: number): Broken | null {
  const above = firstBroken(registry, record.path);
  const hop = above ?? record;
  if (hop.link === 'online' || isRestarting(hop, mono)) return null;
  const { since, cause } = brokenAt(hop);
  if (above === null && cause === null) return null;
  return { path: hop.path, since, cause, says: inWords(hop, cause, mono) };
}

function inWords(hop: NodeRecord, cause: Cause | null, mono: number): string {
  const { path, restart, linkAt } = hop;
  const begun = hop.link === 'offline' && restart ? restart.at.mono + restart.forMs : linkAt.mono;
  const ago = `${span(mono - begun)} ago`;
  if (cause === null) return `${path} said goodbye ${ago}`;
  if (restart) return `${path} announced a restart and was not back in time (${cause}) ${ago}`;
  const what = hop.kind === 'leaf' ? 'the leaf' : 'relay';
  return cause === 'will'
    ? `the connection of ${path} broke (will) ${ago}: ${what} or line, can't tell from here`
    : `${path} fell silent (timeout) ${ago}: ${what} or line, can't tell from here`;
}

/** `12 s`, `3 min`, `2 h`, `4 d`. */
function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}
