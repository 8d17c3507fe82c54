/** What a shim or a wrapper tells of one launch, in its order: that the target is there, and how that ended. */
import type { Orders } from './orders.js';
import type { Exit, SpawnError, Succession } from './spawn.js';
import { exitFrom } from './target-record.js';

// What is said, each in a line after the token of its launch.
/** A process is about to become the target: its pid, its process group, and its start time as proc(5) has it (`-` where it does not); whether it begins in its cgroup. */
export const STARTED = 'started';
export const INSIDE = 'inside';
/** The command can't be found or executed. */
export const NOT_FOUND = 'not-found';
/** A directory can't be entered. */
export const NO_DIRECTORY = 'no-directory';
/** None could be forked. */
export const NO_PROCESS = 'no-process';
/** The target has ended: its exit status, as in its file (see `exitFrom`); the milliseconds that it ran; whether its successor is under way. */
export const OVER = 'over';
export const FOLLOWED = 'followed';
/** Said by itself: a shim takes orders. Also when it is asked. */
export const READY = 'ready';

/** Exit code of a process that found its token changed before it became the target. */
export const OVERTAKEN = 125;

export interface Started {
  readonly is: typeof STARTED;
  readonly pid: number;
  readonly group: number;
  /** Null where the machine does not tell. */
  readonly startTicks: string | null;
  /** It has begun in its cgroup. */
  readonly isInside: boolean;
}

/** What a launch comes to first. `nothing`: no target, and why is not known. */
export type FirstWord =
  | Started
  | { readonly is: typeof NOT_FOUND | typeof NO_DIRECTORY | typeof NO_PROCESS | 'nothing' };

/** A launch that waits for the end of another. */
export interface Follower {
  readonly orders: Orders;
  readonly told: LaunchWords;
}

export class LaunchWords {
  isStarted = false;
  isOver = false;
  /** Questions that its shim had been asked before, and looks at which it had come to this one and nothing was there yet. */
  askedBefore = Number.POSITIVE_INFINITY;
  looks = 0;
  /** Known once it is over: whether its successor is under way, and the milliseconds that it ran, where its shim has measured it. */
  isFollowed = false;
  ranMs: number | null = null;
  /** What follows its end, if that has been ordered. */
  next: LaunchWords | null = null;
  /** Has its shim launch another one at its end, once; null where that does not take orders any more, or there is none. */
  follow: ((orders: () => Orders, after: Succession) => Follower | null) | null = null;
  /** What ended a wrapper whose target was in its group. */
  killedBy: NodeJS.Signals | null = null;
  /** Rejects where who was to launch it could not be started. */
  readonly first: Promise<FirstWord>;
  /** How the target ended; null where nobody can tell. */
  readonly end: Promise<Exit | null>;
  private say: (word: FirstWord) => void = () => {};
  private refuse: (error: SpawnError) => void = () => {};
  private finish: (exit: Exit | null) => void = () => {};

  /** `keeper`: the pid of who records the end. */
  constructor(
    readonly program: string,
    readonly keeper: number | null,
  ) {
    this.first = new Promise((resolve, reject) => {
      this.say = resolve;
      this.refuse = reject;
    });
    this.end = new Promise(resolve => {
      this.finish = resolve;
    });
  }

  hear(word: string, [first = '', second = '', third = '-', fourth]: readonly string[]): void {
    switch (word) {
      case STARTED:
        this.isStarted = true;
        return this.say({
          is: word,
          pid: Number(first),
          group: Number(second),
          startTicks: third === '-' ? null : third,
          isInside: fourth === INSIDE,
        });
      case NOT_FOUND:
      case NO_DIRECTORY:
      case NO_PROCESS:
        return this.say({ is: word });
      case OVER:
        this.isFollowed = third === FOLLOWED;
        this.ranMs = second === '' ? null : Number(second);
        return this.over(exitFrom(first));
    }
  }

  lose(): void {
    this.over(null);
  }

  fail(error: SpawnError): void {
    this.refuse(error);
    this.over(null);
  }

  private over(exit: Exit | null): void {
    if (this.isOver) return;
    this.isOver = true;
    this.say({ is: 'nothing' });
    this.finish(exit);
  }
}
