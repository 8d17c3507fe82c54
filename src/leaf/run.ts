/** One run of a target with all that comes of it: how a signal reaches it, and how nothing of it is left. */
import type { AtOnce } from '../core/restart-policy.js';
import type { Cgroup } from '../process/cgroup.js';
import { descendantsOf, type Known, stillLives } from '../process/descendants.js';
import { ENTERED, type Entering, enterCgroup } from '../process/entering.js';
import { signalTarget } from '../process/reach.js';
import type { Exit, RunningProcess, Successor } from '../process/spawn.js';
import { startTicksOf } from '../process/stat.js';
import { clearRemains, killAll, type Remains } from './remains.js';

/** After how many milliseconds, and how, a run is followed by another at once. */
export interface Following extends AtOnce {
  /** Bytes of an output file that is too long to go on with. */
  readonly longest: number;
}

export class Run {
  private readonly entering: Entering | null;
  private outside: boolean;
  private timer: NodeJS.Timeout | null = null;
  /** None is to follow it. */
  private isLast = false;
  private successor: Successor | null = null;
  private known: readonly Known[] = [];

  constructor(
    private readonly running: RunningProcess,
    private readonly cgroup: Cgroup | null,
    private readonly mark: string,
  ) {
    const { pid, startTicks, isInside = false } = running;
    this.outside = !isInside;
    this.entering = isInside ? ENTERED : cgroup && enterCgroup(cgroup, { pid, startTicks, mark });
    void this.entering?.inside.then(inside => {
      this.outside = !inside;
    });
  }

  get group(): number {
    return this.running.group;
  }

  /** False where no process of the target is left to take it. */
  signal(name: NodeJS.Signals): boolean {
    try {
      return signalTarget(this.running, name);
    } catch {
      return false; // EPERM: it has become another user's
    }
  }

  /** Whoever sees its end starts the next one; not where some of it may be out of his sight. */
  follow({ afterMs, unless, longest }: Following): void {
    const { succeed } = this.running;
    const { entering, cgroup } = this;
    if (this.isLast || !succeed || !entering || !cgroup) return;
    const order = (inside: boolean): void => {
      if (inside && !this.isLast) this.successor = succeed({ unless, longest, cgroup: cgroup.path });
    };
    // A timer may fire within its last millisecond. Where it can't be ordered (EMFILE), it is started as ever.
    const due = (): void => void entering.inside.then(order).catch(() => {});
    this.timer = setTimeout(due, afterMs + 1).unref();
  }

  /** None is to follow; one may be under way. */
  last(): void {
    this.isLast = true;
    if (this.timer) clearTimeout(this.timer);
    try {
      this.successor?.cancel();
    } catch {
      // then it is ended like this one
    }
  }

  /** Milliseconds that it ran, once it is over; null where nobody has measured it. */
  get ranMs(): number | null {
    return this.running.ranMs?.() ?? null;
  }

  /** What has followed it, once it is over, or why that could not be started; null: nothing. */
  get next(): Promise<RunningProcess | Error | null> {
    return this.successor?.launched ?? Promise.resolve(null);
  }

  /** To be stopped: who descends from it is noted first, since whoever outlives his parents can't be told from others. */
  stop(name: NodeJS.Signals): void {
    this.last();
    this.note();
    this.signal(name);
  }

  /** All of it at once: a target that lived on would keep `ended` from ever resolving. */
  kill(): void {
    this.last();
    this.note();
    this.signal('SIGKILL');
    killAll(this.remains).catch(() => {}); // EPERM, as above
  }

  async ended(): Promise<Exit> {
    const exit = await this.running.exited;
    this.entering?.cancel();
    this.isLast = true;
    if (this.timer) clearTimeout(this.timer);
    return exit;
  }

  /** Gives what is left of it up to `graceMs` to end, by `signal` where it is being stopped, then kills that. */
  clear(graceMs: number, signal: NodeJS.Signals | null = null): Promise<void> {
    const { group, pid } = this.running;
    return clearRemains(this.remains, graceMs, signal && { signal, heard: [group, pid] });
  }

  /** Not where a cgroup holds them all. */
  private note(): void {
    if (!this.outside) return;
    const known = this.known.filter(stillLives);
    const { pid, group, startTicks } = this.running;
    const alive = startTicks !== null && startTicksOf(pid) === startTicks;
    const roots = alive ? [pid, group] : [];
    try {
      this.known = [...known, ...descendantsOf([...roots, ...known.map(one => one.pid)])];
    } catch {
      // nobody can be looked for now (EMFILE): it is stopped all the same
    }
  }

  private get remains(): Remains {
    const { group, cgroup, outside, mark, known } = this;
    return { group, cgroup, outside, mark, known };
  }
}
