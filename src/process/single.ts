/** A shell that becomes the wrapper of one target. */
import { LaunchWords } from './launch-words.js';
import { SpawnError } from './spawn.js';
import { TaughtShell } from './taught-shell.js';
import {
  APPRENTICE_GONE,
  apprenticeLesson,
  apprenticeOrders,
  LESSON,
  masterLesson,
  masterOrders,
  type Orders,
  OVER,
  singleOrders,
} from './wrapper.js';

/** `prompt`: the target's shell is forked when the orders come; `waiting`: it waits for them, too. */
export type Kind = 'prompt' | 'waiting';

export class Single {
  private readonly shell: TaughtShell;
  private launched: LaunchWords | null = null;

  /** `setsid`: the file of that program; null: there is none, and the target shares the wrapper's group. `gone`: it has ended before it was launched. */
  constructor(
    private readonly kind: Kind,
    private readonly setsid: string | null,
    private readonly gone: () => void = () => {},
  ) {
    const [lesson, apprentice] =
      kind === 'waiting' ? [LESSON + masterLesson(setsid), apprenticeLesson(setsid)] : [LESSON, null];
    this.shell = new TaughtShell(lesson, apprentice, this);
  }

  /** Null where it could not be started. */
  get pid(): number | null {
    return this.shell.pid;
  }

  launch(orders: Orders): LaunchWords {
    this.launched = new LaunchWords(orders.words[0] ?? '');
    this.launched.wrapper = this.shell.pid;
    this.shell.hold(true);
    if (this.kind === 'waiting') this.shell.say(apprenticeOrders(orders), 4, 'last');
    const own = this.kind === 'waiting' ? masterOrders(orders) : singleOrders(orders, this.setsid);
    this.shell.say(own, 0, 'last');
    return this.launched;
  }

  told(line: string): void {
    const [token = '', word = '', ...rest] = line.split(' ');
    if (token === APPRENTICE_GONE && this.launched === null) return this.leave();
    // In one group with its target, it is not over before it is gone.
    if (word !== OVER || this.setsid !== null) this.launched?.hear(word, rest);
  }

  failed(error: NodeJS.ErrnoException): void {
    this.gone();
    const { launched } = this;
    launched?.fail(new SpawnError(launched.program, error.code ?? 'UNKNOWN', error.message));
  }

  ended(): void {
    if (this.launched === null) this.leave();
  }

  /** Of a pair that waits one has ended: the other one does with the pipes. */
  private leave(): void {
    this.gone();
    this.shell.hangUp();
  }

  /** It has ended as its target did, unless somebody killed it alone. */
  closed(code: number | null, signal: NodeJS.Signals | null): void {
    const { launched } = this;
    if (launched === null) return;
    if (this.setsid === null) launched.killedBy = signal;
    if (launched.isStarted && code !== null) launched.hear(OVER, [String(code)]);
    launched.lose();
  }
}
