/** The leaf's side of a shim: a small process that starts targets, is their parent, and outlives the leaf. */
import { type Follower, LaunchWords, NO_PROCESS, OVER, READY } from './launch-words.js';
import { type After, ASK, type Orders, shimOrders } from './orders.js';
import { SHIM_SCRIPT } from './shim-script.js';
import { SpawnError } from './spawn.js';
import { statOf } from './stat.js';
import { Teller } from './teller.js';

/** Milliseconds between two looks whether it is held up, and questions that it may leave without an answer. */
const LOOK_MS = 3000;
const PATIENCE = 2;
/** Milliseconds that words may be under way after the end of who said them. */
const WORDS_MS = 1000;

export class Shim {
  /** Takes launches. */
  isFit = true;
  /** It could not so much as begin, and nobody had killed it. */
  isUnable = false;
  private isReady = false;
  private unanswered = 0;
  /** Questions, and answers to them: it has come to all that was said before one that is answered. The first comes unasked. */
  private asked = 1;
  private answered = 0;
  private readonly process: Teller;
  private readonly launches = new Map<string, LaunchWords>();
  private looking: NodeJS.Timeout | null = null;

  /** `perl`: the file of that program. */
  constructor(perl: string) {
    this.process = new Teller([perl, '-e', SHIM_SCRIPT], this);
  }

  launch(orders: Orders): LaunchWords {
    const launch = this.expect(orders);
    launch.askedBefore = this.asked;
    this.process.say(shimOrders(orders));
    return launch;
  }

  /** Before anything can be said of it. */
  private expect(orders: Orders): LaunchWords {
    const launch = new LaunchWords(orders.words[0] ?? '', this.process.pid);
    if (this.launches.size === 0) this.process.hold(true);
    this.launches.set(orders.token, launch);
    this.looking ??= setInterval(() => this.look(), LOOK_MS).unref();
    launch.follow = (next, after) => this.follow(launch, next, { ...after, token: orders.token });
    return launch;
  }

  /** The orders are asked for where they are followed: from then on nobody else is launched. */
  private follow(before: LaunchWords, make: () => Orders, after: After): Follower | null {
    if (!this.isFit || before.isOver || before.next) return null;
    const orders = make();
    const next = this.expect(orders);
    before.next = next;
    void before.end.then(() => {
      if (before.isFollowed) next.askedBefore = this.asked;
      else this.forget(orders.token);
    });
    this.process.say(shimOrders(orders, after));
    return { orders, told: next };
  }

  told(line: string): void {
    const [token = '', word = '', ...rest] = line.split(' ');
    this.unanswered = 0;
    if (token === READY) this.ready();
    this.launches.get(token)?.hear(word, rest);
    if (word === OVER || word === NO_PROCESS) this.forget(token);
  }

  private ready(): void {
    this.isReady = true;
    this.answered += 1;
  }

  failed(error: NodeJS.ErrnoException): void {
    this.isFit = false;
    for (const [token, launch] of this.launches) {
      launch.fail(SpawnError.of(launch.program, error));
      this.forget(token);
    }
  }

  ended(signal: NodeJS.Signals | null): void {
    this.isFit = false;
    this.isUnable = !this.isReady && signal === null;
    // Nobody else tells of their ends.
    this.lose(launch => launch.isStarted);
    // What it had forked may still begin; or, stopped by somebody, keep the words from being closed.
    setTimeout(() => this.closed(), WORDS_MS);
  }

  closed(): void {
    this.lose(() => true);
  }

  private lose(which: (launch: LaunchWords) => boolean): void {
    for (const [token, launch] of this.launches) {
      if (!which(launch)) continue;
      launch.lose();
      this.forget(token);
    }
  }

  private forget(token: string): void {
    this.launches.delete(token);
    if (this.launches.size > 0) return;
    if (this.looking) clearInterval(this.looking);
    this.looking = null;
    this.process.hold(false);
  }

  /** Somebody may have stopped it; and whatever else keeps it from what is to be done, another one can do that. */
  private look(): void {
    const { pid } = this.process;
    if (pid !== null && statOf(pid)?.state === 'T') this.process.signal('SIGCONT');
    for (const launch of this.launches.values())
      if (!launch.isStarted && this.answered > launch.askedBefore) launch.looks += 1;
    // Its process was stopped, or hangs on a file system: it finds its token changed.
    this.lose(launch => launch.looks > PATIENCE);
    this.unanswered += 1;
    this.asked += 1;
    if (this.unanswered <= PATIENCE) return this.process.say(ASK);
    this.isFit = false;
    this.process.dismiss();
    this.lose(() => true);
  }
}
