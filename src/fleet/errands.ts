/** Sends one command to one node below and sees it through to its end. */
import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { isFit, isMeant } from '../balance/fitness.js';
import type { Clock } from '../core/clock.js';
import type { Registry } from '../core/registry.js';
import type { LeafOutcome } from '../core/rollout.js';
import { verdict } from '../core/verdict.js';
import type { Command } from '../protocol/payloads.js';
import type { Desk, Tracked } from '../tree/desk.js';

/** Milliseconds between two looks whether a leaf is up. */
const LOOK_MS = 20;

export interface Errand {
  readonly outcome: LeafOutcome;
  /** The node's own last word; null where it never got the command. */
  readonly result: Tracked | null;
}

interface Unanswered {
  readonly id: string;
  readonly op: 'start' | 'stop';
  readonly answered: Promise<boolean>;
}

export class Errands {
  /** By path, the last start or stop that was sent there and is not answered. */
  private readonly unanswered = new Map<string, Unanswered>();

  constructor(
    readonly registry: Registry,
    private readonly desk: Desk,
    readonly clock: Clock,
  ) {}

  /** Monotonic ms. */
  now(): number {
    return this.clock.mono();
  }

  /** `whole` is the command that this one is a part of: its parts have ids of their own, the same at a redelivery. */
  async run(
    path: string,
    part: Omit<Command, 'id' | 'v'>,
    whole: { readonly id: string; readonly step?: string },
    deadline: number,
  ): Promise<Errand> {
    // One that is late is not carried out behind our back.
    const patienceMs = Math.max(0, deadline - performance.now());
    const expiresAt = Math.min(
      part.expiresAt ?? Number.POSITIVE_INFINITY,
      Math.ceil(this.clock.now() + patienceMs),
    );
    const command: Command = {
      v: 1,
      ...part,
      expiresAt,
      id: partId(whole.id, `${path}\n${whole.step ?? ''}`),
    };
    try {
      this.desk.send(path, command, patienceMs);
    } catch (error) {
      return { outcome: { path, status: 'unreachable', error: (error as Error).message }, result: null };
    }
    const result = await this.untilAnswered(path, command, deadline);
    if (!result?.done) {
      const status = this.isReachable(path) ? 'timedOut' : 'unreachable';
      return { outcome: { path, status }, result };
    }
    if (result.status === 'succeeded') return { outcome: { path, status: 'succeeded' }, result };
    const error = result.error ? `${result.error.code}: ${result.error.message}` : result.status;
    const status = result.error?.code === 'no-result' ? 'timedOut' : 'failed';
    return { outcome: { path, status, error }, result };
  }

  /** What a leaf has been told to do and has not said that it did. */
  ordered(path: string): 'start' | 'stop' | null {
    return this.unanswered.get(path)?.op ?? null;
  }

  /** Whether that was answered, once it is or it is too late for it; true where nothing is to be answered. */
  answered(path: string): Promise<boolean> {
    return this.unanswered.get(path)?.answered ?? Promise.resolve(true);
  }

  private async untilAnswered(path: string, { id, op }: Command, deadline: number): Promise<Tracked | null> {
    const result = this.desk.wait(id, deadline - performance.now());
    if (op === 'start' || op === 'stop')
      this.unanswered.set(path, { id, op, answered: result.then(told => told?.done === true) });
    await result;
    if (this.unanswered.get(path)?.id === id) this.unanswered.delete(path);
    return result;
  }

  /** Waits until a leaf is up; false where it was not in time, or will not be: stopped, failed or gone meanwhile. */
  async untilUp(path: string, deadline: number, cut?: AbortSignal): Promise<boolean> {
    const hopeless = (): boolean => {
      const record = this.registry.get(path);
      return !record || !this.isReachable(path) || !isMeant(record) || record.phase === 'failed';
    };
    await this.eventually(() => this.isUp(path) || hopeless(), deadline, cut);
    return this.isUp(path);
  }

  isUp(path: string): boolean {
    const record = this.registry.get(path);
    return record !== undefined && verdict(this.registry, record).status === 'up';
  }

  isReachable(path: string): boolean {
    const record = this.registry.get(path);
    return record?.link === 'online' && verdict(this.registry, record).blockedBy === null;
  }

  isFit(path: string): boolean {
    const record = this.registry.get(path);
    return record !== undefined && isFit(this.registry, record, this.now());
  }

  /** True as soon as the test holds; false where it did not until the deadline, or nobody waits for it any more. */
  async eventually(test: () => boolean, deadline: number, cut?: AbortSignal): Promise<boolean> {
    while (!test()) {
      if (performance.now() >= deadline || cut?.aborted) return false;
      await pause(LOOK_MS);
    }
    return true;
  }
}

const partId = (id: string, part: string): string =>
  createHash('sha256').update(`${id}\n${part}`).digest('base64url').slice(0, 22);
