/** Which notes are written and which only counted: what a stranger can cause must not push out what others did. Pure. */
import type { AuditNote } from '../core/audit-entry.js';
import { Buckets } from '../core/buckets.js';

/** Alike is: of one address, with one code. Twenty at once, then one in ten seconds; of all together 200, then one in two. */
const ALIKE = { burst: 20, perSecond: 0.1 };
const TOGETHER = { burst: 200, perSecond: 0.5 };
const MOST_KINDS = 1000;

export class Flood {
  private readonly alike: Buckets;
  private readonly together: Buckets;
  private readonly unwritten = new Map<string, { note: AuditNote; count: number }>();

  constructor(mono: () => number) {
    this.alike = new Buckets(ALIKE, mono, MOST_KINDS);
    this.together = new Buckets(TOGETHER, mono);
  }

  /** The note as it is to be written, with how many it stands for; null where it is counted only. */
  pass(note: AuditNote): AuditNote | null {
    if (note.outcome !== 'refused') return note;
    const kind = `${note.code ?? ''} ${note.via} ${note.address}`;
    if (this.alike.take(kind) === null && this.together.take('') === null) {
      const held = this.unwritten.get(kind);
      this.unwritten.delete(kind);
      return held ? { ...note, unwritten: held.count } : note;
    }
    this.hold(kind, note);
    return null;
  }

  /** Those that were counted and are not said yet: one note for each kind, which stands for itself and the rest. */
  rest(): AuditNote[] {
    const notes = [...this.unwritten.values()].map(({ note, count }) =>
      count > 1 ? { ...note, unwritten: count - 1 } : note,
    );
    this.unwritten.clear();
    return notes;
  }

  private hold(kind: string, note: AuditNote): void {
    // Of more kinds than are told apart the rest are one.
    const key = this.unwritten.has(kind) || this.unwritten.size < MOST_KINDS ? kind : (note.code ?? '');
    const held = this.unwritten.get(key);
    this.unwritten.set(key, { note, count: (held?.count ?? 0) + 1 });
  }
}
