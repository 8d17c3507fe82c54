/** What tests of pure parts share: moments, reports, and arbitrary names and paths. */
import fc from 'fast-check';
import type { Moment } from '../../../src/core/clock.js';
import { isName, MAX_NAMES } from '../../../src/core/names.js';
import type { BeatReport, StateReport } from '../../../src/core/node-record.js';
import type { Registry } from '../../../src/core/registry.js';

/** Wall and monotonic milliseconds of one moment, kept apart so that no test passes by mixing them up. */
export const at = (mono: number): Moment => ({ mono, now: 1_790_000_000_000 + mono });

export const state = (more: Partial<StateReport> = {}): StateReport => ({
  epoch: 10,
  kind: 'leaf',
  app: 'web',
  link: 'online',
  phase: 'running',
  health: 'passing',
  reason: 'started',
  pid: 41,
  ...more,
});

export const relay = (more: Partial<StateReport> = {}): StateReport => ({
  epoch: 10,
  kind: 'relay',
  link: 'online',
  reason: 'started',
  ...more,
});

export const beat = (more: Partial<BeatReport> = {}): BeatReport => ({
  epoch: 10,
  seq: 1,
  interval: 3,
  kind: 'leaf',
  app: 'web',
  phase: 'running',
  health: 'passing',
  pid: 41,
  ...more,
});

/** Applies a state and returns whether it was taken. */
export const taken = (registry: Registry, path: string, report: StateReport, mono: number): boolean =>
  !registry.applyState(path, report, at(mono)).stale;

export const arbName = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,12}$/).filter(isName);
export const arbPath = fc.array(arbName, { maxLength: MAX_NAMES - 1 }).map(names => names.join('/'));
