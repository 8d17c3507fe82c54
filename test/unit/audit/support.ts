import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { auditFile, FILES } from '../../../src/audit/files.js';
import { AuditLog } from '../../../src/audit/log.js';
import type { AuditEntry, AuditNote } from '../../../src/core/audit-entry.js';
import { TestClock } from '../node/support.js';

export const NOTE: AuditNote = {
  by: 'ann',
  address: '10.0.0.1',
  via: 'rest',
  path: 'rack1/web',
  op: 'restart',
  outcome: 'accepted',
};
export const refusal = (more: Partial<AuditNote> = {}): AuditNote => ({
  ...NOTE,
  outcome: 'refused',
  code: 'not-authorized',
  ...more,
});

export interface Kept {
  readonly dir: string;
  readonly clock: TestClock;
  readonly log: AuditLog;
  readonly warned: string[];
  /** Of all files, the oldest first. */
  entries(): AuditEntry[];
}

export function openAudit(t: Pick<TestContext, 'after'>, maxBytes = 1024 * 1024): Kept {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-audit-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const [clock, warned]: [TestClock, string[]] = [new TestClock(), []];
  const log = new AuditLog({ dir, maxBytes, clock, log: { warn: (_, message) => warned.push(message) } });
  return { dir, clock, log, warned, entries: () => entriesIn(dir) };
}

export function entriesIn(dir: string): AuditEntry[] {
  return Array.from({ length: FILES }, (_, at) => textOf(auditFile(dir, FILES - 1 - at)))
    .join('')
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as AuditEntry);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
