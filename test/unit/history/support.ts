/** A history on a real store, under a clock that a test owns. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from '../../../src/core/registry.js';
import { History } from '../../../src/history/history.js';
import type { Payloads } from '../../../src/protocol/payloads.js';
import { Ingest } from '../../../src/tree/ingest.js';
import { Observer } from '../../../src/tree/observer.js';
import { by, message, stateOf, TestClock } from '../tree/support.js';

export { beatOf, EPOCH, stateOf, TestClock } from '../tree/support.js';

export function scratch(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'canopy-history-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export interface Bounds {
  readonly maxBytes?: number;
  readonly maxAgeMs?: number;
}

/** A node with history, as src/compose puts it together, without a broker. */
export class Kept {
  readonly registry: Registry;
  readonly troubles: string[] = [];
  private readonly ingest: Ingest;
  readonly observer: Observer;
  history!: History;
  private seq = 0;

  private constructor(readonly clock: TestClock) {
    this.registry = new Registry({ mono: clock.mono });
    this.ingest = new Ingest(this.registry, clock, () => false);
    const { registry } = this;
    this.observer = new Observer({
      registry,
      clock,
      intervalMs: 3000,
      settleMs: 10_000,
      clockSkewMs: 5000,
      lifted: record => this.ingest.lifted(record),
    });
    this.ingest.listen(this.observer);
  }

  static async open(directory: string, clock = new TestClock(), bounds: Bounds = {}): Promise<Kept> {
    const kept = new Kept(clock);
    kept.history = await History.open({
      directory: join(directory, 'history'),
      maxBytes: 256 * 2 ** 20,
      maxAgeMs: 30 * 86_400_000,
      ...bounds,
      registry: kept.registry,
      clock,
      observer: kept.observer,
      trouble: (code, words) => kept.troubles.push(`${code}: ${words}`),
    });
    kept.observer.listen(kept.history.recorder.transition);
    kept.ingest.listen(kept.history.recorder);
    return kept;
  }

  say(path: string, channel: string, value: unknown, retain = false): void {
    this.ingest.receive(
      message(`canopy/${path}${path && '/'}${channel}`, value, retain),
      by(path ? null : '/'),
    );
  }
  state(path: string, more: Partial<Payloads['state']> = {}): void {
    this.say(path, 'state', stateOf({ ts: this.clock.now(), ...more }), true);
  }
  relay(path: string, more: Partial<Payloads['state']> = {}): void {
    this.state(path, { kind: 'relay', app: null, ...more });
  }
  lost(path: string): void {
    this.relay(path, { link: 'lost', reason: 'timeout' });
  }
  down(path: string, more: Partial<Payloads['state']> = {}): void {
    this.state(path, { phase: 'backoff', health: 'unknown', reason: 'exited with code 1', ...more });
  }
  forget(path: string): void {
    this.ingest.receive(message(`canopy/${path}/state`, Buffer.alloc(0), true), by('/'));
  }
  event(path: string, more: Partial<Payloads['evt']> = {}): void {
    this.seq += 1;
    const event = {
      v: 1,
      epoch: 1,
      seq: this.seq,
      ts: this.clock.now(),
      event: 'phase',
      reason: 'so',
      ...more,
    };
    this.say(path, 'evt', event);
  }
  pass(ms: number): void {
    this.clock.pass(ms);
    this.observer.tick();
  }

  /** All that is kept, oldest first, in short. */
  async all(): Promise<string[]> {
    const { entries } = await this.history.page({
      filter: { home: '' },
      order: 'oldest',
      limit: 100_000,
      cursor: null,
    });
    return entries.map(entry => {
      if (entry.type === 'state') return `${entry.path} ${entry.from}>${entry.status}`;
      if (entry.type === 'evt') return `${entry.path} ${entry.event.event}`;
      if (entry.type === 'incident') return `${entry.path} incident ${entry.incident.end ?? 'open'}`;
      if (entry.type === 'maintenance') return `${entry.path} maintenance ${entry.on ? 'on' : 'off'}`;
      return `observer: ${entry.reason}`;
    });
  }

  close(): Promise<void> {
    return this.history.close();
  }
}
