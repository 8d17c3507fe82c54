/** A data directory and a clock of a test's own, and hashes that cost nothing. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Clock } from '../../../src/core/clock.js';
import { hashSecret } from '../../../src/identity/hash.js';

export const NOW = 1_790_000_000_000;
export const HOUR = 3600 * 1000;
export const DAY = 24 * HOUR;

export function place(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-identity-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export class HandClock implements Clock {
  at = NOW;
  now = (): number => this.at;
  mono = (): number => this.at - NOW;
  pass(ms: number): void {
    this.at += ms;
  }
}

export const cheapHash = (secret: string): Promise<string> => hashSecret(secret, { ln: 1, r: 1, p: 1 });
