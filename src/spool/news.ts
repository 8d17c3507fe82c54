/** What a spool has to say of itself: for the log of the node, and an event. */
export interface News {
  readonly code:
    | 'spool-full'
    | 'spool-refused'
    | 'spool-damaged'
    | 'spool-newer'
    | 'spool-unwritable'
    | 'spool-writable';
  readonly reason: string;
  /** Messages that it is about. */
  readonly count?: number;
}
