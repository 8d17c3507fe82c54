/** What a wrapper tells of one launch, in its order: that it is there, that its target is, and how that ended. */
import { processIdentity } from './identity.js';
import { processAlive } from './signals.js';
import type { Exit, SpawnError } from './spawn.js';
import { shellExit } from './target-record.js';
import { FORKED, NO_DIRECTORY, NOT_FOUND, OVER, STARTED } from './wrapper.js';

/** Looks at which a starter that has said nothing counts as held up. */
const PATIENCE = 2;

/** What a launch comes to first. `nothing`: no target, and why is not known. */
export type FirstWord =
  | { readonly is: typeof STARTED; readonly pid: number; readonly group: number }
  | { readonly is: typeof NOT_FOUND | typeof NO_DIRECTORY | 'nothing' };

export class LaunchWords {
  wrapper: number | null = null;
  isOver = false;
  /** What ended a wrapper that is no starter of many: its target was in its group. */
  killedBy: NodeJS.Signals | null = null;
  /** Rejects where the starter could not be started. */
  readonly first: Promise<FirstWord>;
  /** How the target ended; null where its wrapper can't tell. */
  readonly end: Promise<Exit | null>;
  private pid: number | null = null;
  private patience = PATIENCE;
  private say: (word: FirstWord) => void = () => {};
  private refuse: (error: SpawnError) => void = () => {};
  private finish: (exit: Exit | null) => void = () => {};

  constructor(readonly program: string) {
    this.first = new Promise((resolve, reject) => {
      this.say = resolve;
      this.refuse = reject;
    });
    this.end = new Promise(resolve => {
      this.finish = resolve;
    });
  }

  hear(word: string, [first = '', second = '']: readonly string[]): void {
    switch (word) {
      case FORKED:
        this.wrapper = Number(first);
        return;
      case STARTED:
        this.pid = Number(first);
        return this.say({ is: word, pid: this.pid, group: Number(second) });
      case NOT_FOUND:
      case NO_DIRECTORY:
        return this.say({ is: word });
      case OVER:
        return this.over(shellExit(Number(first)));
    }
  }

  get isStarted(): boolean {
    return this.pid !== null;
  }

  lose(): void {
    this.over(null);
  }

  fail(error: SpawnError): void {
    this.refuse(error);
    this.over(null);
  }

  /** To be asked once per look: whether the starter does nothing about it. */
  isHeldUp(): boolean {
    if (this.wrapper === null) this.patience -= 1;
    return this.patience < 0;
  }

  /** Whether the wrapper is not there any more. `closely`: also where its target still is. */
  async seemsGone(closely: boolean): Promise<boolean> {
    if (this.wrapper === null) return false;
    const asks = closely || this.pid === null || !processAlive(this.pid);
    // Where nobody can be looked for now (EMFILE), it may be there.
    return asks && (await processIdentity(this.wrapper).catch(() => true)) === null;
  }

  private over(exit: Exit | null): void {
    if (this.isOver) return;
    this.isOver = true;
    this.say({ is: 'nothing' });
    this.finish(exit);
  }
}
