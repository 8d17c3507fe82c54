/** How loaded the machine is on which this process runs: of the cores and the memory that it may use, limits of a container included. */
import { readFileSync } from 'node:fs';
import { cpus, freemem, totalmem } from 'node:os';
import { mono } from './mono.js';
import { cpuQuota } from './quota.js';

export interface HostLoad {
  /** Busy time of all cores: a fraction from 0 to 1, of three digits; null before two looks at it, since one alone says nothing. */
  readonly load: number | null;
  /** Used memory: the same. */
  readonly memory: number;
}

/** The numbers of the cores that this process may run on: a container's cpuset, `taskset`; null: all of them. */
function allowedCores(): ReadonlySet<number> | null {
  try {
    const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return list === undefined ? null : parseCoreList(list);
  } catch {
    return null; // no Linux
  }
}

/** `0-3,8` as the kernel writes it (cpuset(7), list format). */
export function parseCoreList(list: string): Set<number> {
  const cores = new Set<number>();
  for (const part of list.split(',')) {
    const [first = 0, last = first] = part.split('-').map(Number);
    for (let core = first; core <= last; core++) cores.add(core);
  }
  return cores;
}

/** Milliseconds of cores: busy ones, and all there were. */
interface Times {
  readonly busy: number;
  readonly all: number;
}

const quota = cpuQuota();

function coreTimes(): { times: Times; count: number } {
  if (quota) {
    const all = mono() * quota.cores;
    return { times: { busy: quota.usedMs(), all }, count: Math.max(1, Math.round(quota.cores)) };
  }
  const allowed = allowedCores();
  const usable = cpus().filter((_core, index) => allowed === null || allowed.has(index));
  let busy = 0;
  let all = 0;
  for (const { times } of usable) {
    const spent = times.user + times.nice + times.sys + times.irq;
    busy += spent;
    all += spent + times.idle;
  }
  return { times: { busy, all }, count: Math.max(1, usable.length) };
}

let cores = 0;

/** Looked up once: it takes as long as all else that a leaf does at its start. */
export function coreCount(): number {
  cores ||= coreTimes().count;
  return cores;
}

/** Milliseconds: more often it is not measured, however many ask. */
const SAMPLE_MS = 1000;
/** Of the newest sample: an old peak counts for little after some ten of them. */
const WEIGHT = 0.3;

let before: Times | null = null;
let known: HostLoad | null = null;
let smooth: number | null = null;
let sampledAt = Number.NEGATIVE_INFINITY;

/** One look for all nodes of a process; the load is smoothed over some seconds. */
export function hostLoad(): HostLoad {
  const now = mono();
  if (known && now - sampledAt < SAMPLE_MS) return known;
  const { times } = coreTimes();
  const passed = before === null ? 0 : times.all - before.all;
  if (before !== null && passed > 0) {
    const fresh = clamp((times.busy - before.busy) / passed);
    smooth = smooth === null ? fresh : blend(smooth, fresh);
  }
  known = { load: smooth === null ? null : rounded(smooth), memory: rounded(usedMemory()) };
  before = times;
  sampledAt = now;
  return known;
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;
const clamp = (value: number): number => Math.min(1, Math.max(0, value));
const blend = (old: number, fresh: number): number => old * (1 - WEIGHT) + fresh * WEIGHT;

/** Within the limit of the container where there is one (cgroup), else of the machine; caches count as free. */
function usedMemory(): number {
  const limit = process.constrainedMemory();
  const total = totalmem();
  if (limit > 0 && limit < total) return clamp(1 - process.availableMemory() / limit);
  return clamp(1 - freemem() / total);
}
