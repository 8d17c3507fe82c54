/** Whether this node is in maintenance: kept on disk, lifted by itself at its end. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../core/clock.js';
import { type Maintenance, maintenanceOf } from '../core/maintenance.js';
import type { Plan } from './responder.js';

/** The longest delay that a timer of Node takes, in ms. */
const LONGEST_MS = 2_147_483_000;

export class MaintenanceState {
  private readonly file: string;
  private timer: NodeJS.Timeout | null = null;
  private now: Maintenance | null;
  private changed: () => void = () => {};

  constructor(
    dataDir: string,
    private readonly clock: Clock,
  ) {
    this.file = join(dataDir, 'maintenance.json');
    this.now = read(this.file);
    // Those above have lifted it: not one word of it more.
    if (this.isOver()) this.set(null);
    else this.watchEnd();
  }

  onChange(listener: () => void): void {
    this.changed = listener;
  }

  get current(): Maintenance | null {
    return this.now;
  }

  set(maintenance: Maintenance | null): void {
    this.now = maintenance;
    this.write();
    this.watchEnd();
    this.changed();
  }

  close(): void {
    if (this.timer) clearTimeout(this.timer);
  }

  private watchEnd(): void {
    this.close();
    const until = this.now?.until ?? null;
    if (until === null) return;
    const left = until - this.clock.now();
    const look = (): void => (this.isOver() ? this.set(null) : this.watchEnd());
    this.timer = setTimeout(look, Math.max(0, Math.min(left, LONGEST_MS)));
    this.timer.unref();
  }

  private isOver(): boolean {
    return this.now?.until != null && this.now.until <= this.clock.now();
  }

  /** A full disk does not keep it from holding; it is only not known after a restart. */
  private write(): void {
    try {
      if (this.now === null) return rmSync(this.file, { force: true });
      writeFileSync(`${this.file}.new`, `${JSON.stringify(this.now)}\n`);
      renameSync(`${this.file}.new`, this.file);
    } catch {
      // see above
    }
  }
}

function read(file: string): Maintenance | null {
  try {
    const { since, until, by } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Maintenance>;
    const whole = Number.isSafeInteger(since) && (until === null || Number.isSafeInteger(until));
    return whole ? { since: since as number, until: until as number | null, by: String(by) } : null;
  } catch {
    return null; // none, or one that was cut off in the writing
  }
}

/** `maintenance on|off` to the node itself. */
export const maintenancePlan =
  (state: MaintenanceState, clock: Clock): Plan =>
  command => {
    const maintenance = maintenanceOf(command.args ?? {}, command.by ?? 'command', clock.now());
    return async () => {
      state.set(maintenance);
      return { maintenance };
    };
  };
