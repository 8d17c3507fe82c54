/** Notes every command that comes by, whichever way it came, and how it ended; and every one that was refused. */
import type { Message } from '../../broker/link.js';
import type { Origin } from '../../broker/rules.js';
import type { Audit, AuditNote, AuditOutcome } from '../core/audit-entry.js';
import { plainAddress } from '../core/remote-address.js';
import { commandMeant } from '../node/answers.js';
import type { Result } from '../protocol/payloads.js';
import { splitTopic } from '../protocol/topics.js';
import type { IngestListener } from './ingest.js';
import type { RefusedMessage } from './refusals.js';

/** Whoever sends a command, where that is known better than from its message. */
export type Sender = Pick<AuditNote, 'by' | 'address' | 'via'>;

/** Commands whose end is waited for: of older ones it is not noted. */
const MOST_OPEN = 5000;
/** Ordinary life of a network, not what anybody did; and who is not let in, which is noted where it is found out. */
const UNREMARKABLE = new Set(['stale']);
const NOT_LET_IN = new Set(['bad-credentials', 'expired-credentials', 'revoked', 'slow-down']);

export class CommandAudit implements IngestListener {
  private readonly open = new Map<string, AuditNote>();
  private readonly senders = new Map<string, Sender>();

  /** `senderOf`: who it is that a broker lets speak as this origin; null where that is this node, or its parent through it. */
  constructor(
    private readonly audit: Audit,
    private readonly senderOf: (origin: Origin) => Sender | null,
  ) {}

  /** The next command with this id, which is about to be sent by this very node, is somebody else's. */
  sending(id: string, sender: Sender): void {
    this.senders.set(id, sender);
    if (this.senders.size > MOST_OPEN) this.senders.delete(this.senders.keys().next().value as string);
  }

  command(path: string, message: Message, origin: Origin): void {
    const { id, op, by = '' } = commandMeant(message.payload);
    const sender = this.senders.get(id) ?? this.senderOf(origin) ?? { by, address: '', via: 'link' };
    this.senders.delete(id);
    const note: AuditNote = { ...sender, by: sender.by || by, path, op, outcome: 'accepted', id };
    this.audit.note(note);
    this.open.set(keyOf(path, id), note);
    if (this.open.size > MOST_OPEN) this.open.delete(this.open.keys().next().value as string);
  }

  result(path: string, { id, status, done, error }: Result): void {
    const note = this.open.get(keyOf(path, id));
    if (!note || !done) return;
    this.open.delete(keyOf(path, id));
    const outcome = status as AuditOutcome;
    this.audit.note({ ...note, outcome, ...(error && { code: error.code }) });
  }

  /** What a broker or bridge has refused: a message, a will, a subscription or a client. */
  refused({ code, message, clientId = '', address }: RefusedMessage, by = ''): void {
    if (UNREMARKABLE.has(code) || (message === undefined && NOT_LET_IN.has(code))) return;
    const place = message ? splitTopic(message.topic) : null;
    const command = place?.channel === 'cmd' && message ? commandMeant(message.payload) : null;
    this.audit.note({
      by: by || clientId,
      address: plainAddress(address),
      via: address === undefined ? 'link' : 'mqtt',
      path: place?.path ?? null,
      op: command?.op ?? (message ? 'publish' : 'client'),
      outcome: 'refused',
      code,
      ...(command && { id: command.id }),
    });
  }
}

const keyOf = (path: string, id: string): string => `${id} ${path}`;
