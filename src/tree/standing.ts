/** Who may speak for a node on an up channel. A node is believed about itself and what is below it, a stranger about nobody
 * who can speak for himself: otherwise one forged message would stand against every true one after it. */
import type { Origin, Refusal } from '../../broker/rules.js';
import { isDirectChild, topName } from '../core/names.js';
import type { NodeRecord } from '../core/node-record.js';
import type { HopChannel } from '../protocol/flows.js';

/** `held`: whether a live node holds a name at this broker. Null: it may. */
export function standing(path: string, from: Origin, held: (name: string) => boolean): Refusal | null {
  const speaker = from.identity?.name ?? null;
  const top = topName(path);
  if (speaker === '' || speaker === top) return null;
  if (top !== '' && !held(top)) return null;
  const whose = top === '' ? 'the node that owns this broker' : `"${top}" is connected here: only it`;
  const reason =
    top === '' ? `only ${whose} may speak for itself` : `${whose} may speak for itself and what is below it`;
  return { code: 'not-authorized', reason };
}

/** `rev` numbers the words of a parent: whoever used it of himself would have the last word, dead or alive. */
export function revRefusal(path: string, from: Origin): Refusal | null {
  if (from.identity?.name === '' || !isDirectChild(path)) return null;
  const reason = `rev numbers what this node says of "${path}": nobody else has one to give`;
  return { code: 'not-authorized', reason };
}

/** Logs are asked for by the owner of the broker, and handed on by those who have them. Null: it may. */
export function hopRefusal(
  { path, channel }: { readonly path: string; readonly channel: HopChannel },
  from: Origin,
  held: (name: string) => boolean,
): Refusal | null {
  if (channel === '_log') return standing(path, from, held);
  if (from.identity?.name === '') return null;
  return {
    code: 'not-authorized',
    reason: `only the node that owns this broker asks for logs by ${channel}`,
  };
}

/**
 * The installation that reports on its own node, null for anyone else. Another one than before begins anew, whatever epochs
 * it or a stranger have used until then; a will is the last word of an old one, never the first of a new.
 */
export function speakerOf(path: string, from: Origin): string | null {
  const own = from.identity !== null && from.identity.name === path && from.via === 'publish';
  return own ? (from.identity?.instance ?? null) : null;
}

export const beginsAnew = (known: NodeRecord | undefined, speaker: string | null): boolean =>
  known !== undefined && speaker !== null && known.speaker !== speaker;
