/**
 * A shell that starts many targets, each under a wrapper that it forks. A fork of this process takes several times as long, and all
 * of it from this thread.
 */
import { LaunchWords } from './launch-words.js';
import { Settling } from './settling.js';
import { SpawnError } from './spawn.js';
import { TaughtShell } from './taught-shell.js';
import {
  type Apart,
  LESSON,
  lessonOfMany,
  type Orders,
  OVER,
  oneOfMany,
  REAP,
  STARTED,
  UNFIT,
} from './wrapper.js';

/** Milliseconds between two looks after wrappers that can't tell, and so many of them until each is looked at. */
const LOOK_MS = 3000;
const QUICK_LOOKS = 4;
/** Milliseconds after an end before a starter forgets it: those of many at once are forgotten together. */
const REAP_MS = 100;
/** Milliseconds that words may be under way after the end of who said them. */
const WORDS_MS = 100;

export class Starter {
  /** Takes launches. */
  isFit = true;
  /** It found out that it can't start any. */
  isUnable = false;
  private readonly shell: TaughtShell;
  private readonly launches = new Map<string, LaunchWords>();
  private readonly settling = new Settling();
  private looks = 0;
  private looking: NodeJS.Timeout | null = null;
  private reaping: NodeJS.Timeout | null = null;

  constructor(private readonly apart: Apart) {
    this.shell = new TaughtShell(LESSON + lessonOfMany(apart), null, this);
  }

  launch(orders: Orders): LaunchWords {
    const launch = new LaunchWords(orders.words[0] ?? '');
    if (this.launches.size === 0) this.shell.hold(true);
    this.launches.set(orders.token, launch);
    this.looking ??= setInterval(() => this.look(), LOOK_MS).unref();
    this.shell.say(oneOfMany(orders, this.apart));
    return launch;
  }

  told(line: string): void {
    const [token = '', word = '', ...rest] = line.split(' ');
    if (token === UNFIT) {
      this.isUnable = true;
      this.isFit = false;
    }
    const launch = this.launches.get(token);
    if (launch === undefined) return;
    if (word === STARTED) {
      const [pid = 0, group = 0] = rest.map(Number);
      return this.settling.add(token, pid, group, () => launch.hear(word, rest));
    }
    if (word === OVER) this.settling.release(token);
    launch.hear(word, rest);
    if (launch.isOver) this.forget(token);
  }

  failed(error: NodeJS.ErrnoException): void {
    this.isFit = false;
    for (const [token, launch] of this.launches) {
      launch.fail(new SpawnError(launch.program, error.code ?? 'UNKNOWN', error.message));
      this.forget(token);
    }
  }

  /** The wrappers that it has forked live on, and tell what they have to; what it had not come to yet is lost. */
  ended(): void {
    this.isFit = false;
    if (this.launches.size > 0) setTimeout(() => this.lose(launch => launch.wrapper === null), WORDS_MS);
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
    this.reaping ??= setTimeout(() => this.reap(), REAP_MS).unref();
    if (this.launches.size > 0) return;
    if (this.looking) clearInterval(this.looking);
    this.looking = null;
    this.shell.hold(false);
  }

  private reap(): void {
    this.reaping = null;
    if (this.isFit) this.shell.say(REAP);
  }

  /** After those who can't tell: a wrapper was killed, or the starter is held up. */
  private look(): void {
    this.looks += 1;
    const closely = this.looks % QUICK_LOOKS === 0;
    for (const launch of this.launches.values()) if (launch.isHeldUp()) this.shell.kill();
    for (const launch of this.launches.values())
      void launch.seemsGone(closely).then(seems => {
        // Its last word may be under way.
        if (seems) setImmediate(() => this.lose(other => other === launch));
      });
  }
}
