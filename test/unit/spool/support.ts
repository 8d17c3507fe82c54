/** A spool in a directory of its own, and a parent's link whose every move is the test's. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Arrived, LinkError, type Message } from '../../../broker/link.js';
import type { News } from '../../../src/spool/news.js';
import { Spool, type SpoolOptions } from '../../../src/spool/spool.js';
import type { Scope } from '../../support/sandbox.js';
import { StillLink } from '../../support/still-link.js';

export class Parent extends StillLink {
  readonly sent: string[] = [];
  private unanswered: Arrived[] = [];
  /** Acknowledges at once, on a turn of its own. */
  prompt = true;

  connect(): void {
    this.turnConnected();
  }
  lose(): void {
    this.unanswered = [];
    this.turnLost(new LinkError('unreachable', 'cut'));
  }
  override publish({ payload }: Message, arrived?: Arrived): void {
    this.sent.push(payload.toString());
    const { unanswered } = this;
    unanswered.push(isRefused => arrived?.(isRefused));
    if (this.prompt) setImmediate(() => unanswered === this.unanswered && this.acknowledge());
  }
  acknowledge(count = this.unanswered.length): void {
    for (const arrived of this.unanswered.splice(0, count)) arrived();
  }
  /** The first that is on its way. */
  refuse(): void {
    this.unanswered.shift()?.(true);
  }
}

export function place(t: Scope) {
  const dir = join(mkdtempSync(join(tmpdir(), 'canopy-spool-')), 'spool');
  t.after(async () => rmSync(join(dir, '..'), { recursive: true, force: true }));
  const open = (more: Partial<SpoolOptions> = {}) => {
    const news: News[] = [];
    const spool = new Spool({ dir, maxBytes: 1e6, now: () => 1_790_000_000_000, ...more });
    spool.listen(each => news.push(each));
    return { spool, news };
  };
  const files = () => readdirSync(dir).filter(name => name !== 'position.json');
  return { dir, open, files };
}

export const evt = (text: string): Message => ({
  topic: 'canopy/rack1/evt',
  payload: Buffer.from(text),
  qos: 1,
  retain: false,
});
export const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => String(from + at));
