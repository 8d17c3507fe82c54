/** What is open and what is still to be told, on disk: written whole, before anything of it is sent. */
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ALERT_STATUSES, type Alert, type Notice } from '../core/alert.js';

export interface Kept {
  readonly alerts: readonly Alert[];
  readonly queue: readonly Notice[];
}

const VERSION = 1;
const NOTHING: Kept = { alerts: [], queue: [] };

export class AlertsDisk {
  private wanted: Kept | null = null;
  private writing: Promise<void> | null = null;
  private told: string | null = null;

  /** `report`: what can't be read or written, once for each reason. */
  constructor(
    private readonly file: string,
    private readonly report: (problem: string) => void,
  ) {}

  /** What can't be read is set aside, said so, and begun anew. */
  open(): Kept {
    let text: string;
    try {
      mkdirSync(dirname(this.file), { recursive: true });
      text = readFileSync(this.file, 'utf8');
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') this.report(`${this.file}: ${message}; alerts begin anew`);
      return NOTHING;
    }
    const found = parsed(text);
    if (typeof found !== 'string') return found;
    const aside = `${this.file}.unread`;
    this.report(`${this.file}: ${found}; kept as ${aside}${this.setAside(aside)}, alerts begin anew`);
    return NOTHING;
  }

  /** Resolves when this, or something later, is on disk, or could not be written, which is reported. */
  async save(kept: Kept): Promise<void> {
    this.wanted = kept;
    // One write under way may be of something older.
    if (this.writing) await this.writing;
    if (this.wanted === null) return this.writing ?? undefined;
    this.writing ??= this.write(this.take()).finally(() => {
      this.writing = null;
    });
    await this.writing;
  }

  private take(): Kept {
    const kept = this.wanted ?? NOTHING;
    this.wanted = null;
    return kept;
  }

  private async write(kept: Kept): Promise<void> {
    const draft = `${this.file}.new`;
    try {
      const held = await open(draft, 'w', 0o600);
      try {
        await held.writeFile(`${JSON.stringify({ version: VERSION, ...kept })}\n`);
        await held.sync();
      } finally {
        await held.close();
      }
      await rename(draft, this.file);
      this.told = null;
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.told)
        this.report(
          `${this.file}: ${message}; alerts go on, and may be told twice or not at all after a restart`,
        );
      this.told = message;
    }
  }

  /** '' where it could be, else why not. */
  private setAside(aside: string): string {
    try {
      renameSync(this.file, aside);
      return '';
    } catch (error) {
      return ` (not even that: ${(error as Error).message})`;
    }
  }
}

/** What is wrong, as a sentence, where it is none of ours. */
function parsed(text: string): Kept | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `expected JSON, found ${(error as Error).message.slice(0, 100)}`;
  }
  const { version, alerts, queue } = (value ?? {}) as Partial<Kept> & { version?: unknown };
  if (version !== VERSION)
    return `expected version ${VERSION}, found ${JSON.stringify(version)?.slice(0, 40) ?? 'none'}`;
  if (!Array.isArray(alerts) || !alerts.every(isAlert)) return 'expected a list of alerts';
  if (!Array.isArray(queue) || !queue.every(isNotice)) return 'expected a list of messages';
  return { alerts, queue };
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isTextOrNull = (value: unknown): boolean => value === null || isText(value);

function isAlert(value: unknown): value is Alert {
  const it = value as Alert | null;
  return (
    typeof it === 'object' &&
    it !== null &&
    [it.id, it.rule, it.severity, it.path].every(isText) &&
    [it.kind, it.app, it.cause, it.reason].every(isTextOrNull) &&
    [it.hidden, it.since, it.dueAt, it.toldAt, it.reminders].every(isNumber) &&
    Array.isArray(it.to) &&
    it.to.every(isText) &&
    ALERT_STATUSES.includes(it.status) &&
    (it.owner === 'us' || it.owner === 'above') &&
    (it.acked === null || (isText(it.acked?.by) && isNumber(it.acked.at)))
  );
}

function isNotice(value: unknown): value is Notice {
  const it = value as Notice | null;
  return (
    typeof it === 'object' &&
    it !== null &&
    isText(it.key) &&
    ['firing', 'reminder', 'resolved'].includes(it.kind) &&
    isText(it.to) &&
    isNumber(it.at) &&
    isAlert(it.alert) &&
    isTextOrNull(it.because)
  );
}
