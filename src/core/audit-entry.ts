/** Who did what: one line of the audit log. Whoever lets something happen, or refuses it, notes it over this port. */

export const AUDIT_OUTCOMES = [
  'accepted',
  'succeeded',
  'failed',
  'rejected',
  'expired',
  'partial',
  'refused',
] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

export interface AuditNote {
  /** The name of a token or node as far as it was proven, else what the caller says of itself; '' for nobody known. */
  readonly by: string;
  /** Of the far end of the socket, without its port; '' where there is none. */
  readonly address: string;
  /** `link`: the parent, or the node itself; `local`: a command line on this very machine. */
  readonly via: 'mqtt' | 'rest' | 'link' | 'local';
  /** The node concerned, as this one sees it; null where it is about none. */
  readonly path: string | null;
  /** A command, or `login`, `logout`, `connect`, `token create`, `certificate issue`, … */
  readonly op: string;
  readonly outcome: AuditOutcome;
  /** Of what went wrong. */
  readonly code?: string;
  /** Of the command: its lines have the same. */
  readonly id?: string;
  /** The token, certificate or the like that it is about; never a secret. */
  readonly about?: string;
  /** So many alike since the last one were not written: a flood of them is counted. */
  readonly unwritten?: number;
}

export interface AuditEntry extends AuditNote {
  /** Milliseconds since the Unix epoch. */
  readonly ts: number;
}

export interface Audit {
  /** Never throws and never waits: what can't be written down is counted and said in the node's log. */
  note(entry: AuditNote): void;
}

export const noAudit: Audit = { note: () => {} };
