/**
 * The order of what is said of a node. Its own states are numbered by `seq` within an epoch; words that its parent adds to the
 * last of them (`lost`, `heard again`, a completed will) by `rev`. A heartbeat overtakes states that wait for an uplink.
 */
import type { LinkFact } from './facts.js';
import { isDirectChild } from './names.js';
import type { BeatReport, Marks, NodeRecord, Said } from './node-record.js';

type Report = Marks & { readonly epoch: number; readonly link: LinkFact };
type Known = Pick<NodeRecord, 'said' | 'beat' | 'epoch'>;

/** Below any `seq`: nothing that was numbered has been said. */
const UNNUMBERED = -1;

/** One without numbers, of a foreign client for one, comes right after whatever was said in its epoch. */
export function placeOf(report: Report, said: Said | null): Said {
  const { epoch, seq, rev = 0 } = report;
  if (seq !== undefined) return { epoch, seq, rev };
  const last = said?.epoch === epoch ? said : { seq: UNNUMBERED, rev: 0 };
  return { epoch, seq: last.seq, rev: last.rev + 1 };
}

/** `past`: no state after it is known, and yet heartbeats have told what came after it. */
export type Age = 'old' | 'same' | 'past' | 'news';

export function ageOf(report: Report, known: Known): Age {
  const { said, beat, epoch } = known;
  const isNumbered = report.seq !== undefined;
  if (!isNumbered && epoch !== null && report.epoch < epoch) return 'old';
  const order = said === null ? 1 : compare(placeOf(report, said), said);
  if (order <= 0) return order < 0 ? 'old' : 'same';
  if (epoch !== null && report.epoch < epoch) return 'past';
  if (!isNumbered || beat === null || epoch !== report.epoch) return 'news';
  const hasMoved = (report.seq ?? 0) < (beat.stateSeq ?? 0);
  // What the parent says, it says of a moment: that of the last heartbeat before it.
  if (report.beat !== undefined)
    return isAfter(beat.seq, report.beat) && (report.link === 'lost' || hasMoved) ? 'past' : 'news';
  return hasMoved ? 'past' : 'news';
}

const compare = (a: Said, b: Said): number => a.epoch - b.epoch || a.seq - b.seq || a.rev - b.rev;
const isAfter = (beat: number, last: number | null | undefined): boolean => last != null && beat > last;

/**
 * The numbers of a parent's next word about a node; none where its states have none. `parent`: its epoch, so that it goes on
 * where it was before a restart. A loss comes after all that was told; that somebody is there again, before a state that is on its way.
 */
export function wordOf({ said, beat, epoch }: Known, link: LinkFact, parent: number | null): Marks {
  const own = said !== null && said.epoch === epoch ? said : null;
  const [last, told] = [own?.seq ?? UNNUMBERED, beat?.stateSeq ?? UNNUMBERED];
  if (Math.max(last, told) === UNNUMBERED) return {};
  const seq = Math.max(last, link === 'lost' ? told : 0);
  const before = own?.seq === seq ? own.rev : 0;
  return { seq, rev: Math.max(before, parent ?? 0) + 1, ...(beat && { beat: beat.seq }) };
}

/** A heartbeat that was sent before the last state: a relay holds them back to send many at once. */
export const isOvertaken = ({ epoch, stateSeq }: BeatReport, { said }: Pick<NodeRecord, 'said'>): boolean =>
  stateSeq !== undefined && said?.epoch === epoch && said.seq > stateSeq;

/** A heartbeat from after the loss: it lives, and its parent's word for that is on its way. Of a direct child that is our word. */
export const livesOn = (
  record: Pick<NodeRecord, 'path' | 'link' | 'lostAfter'>,
  beat: { readonly seq: number },
): boolean => record.link === 'lost' && isAfter(beat.seq, record.lostAfter) && !isDirectChild(record.path);
