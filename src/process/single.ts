/** A shell that becomes the wrapper of one target: for systems on which there can be no shim. */
import { LaunchWords, OVER } from './launch-words.js';
import type { Orders } from './orders.js';
import { SpawnError } from './spawn.js';
import { Teller } from './teller.js';
import { wrapperScript } from './wrapper.js';

/** `setsid`: the file of that program; null: there is none, and the target shares the wrapper's group. */
export function launchSingle(orders: Orders, setsid: string | null): LaunchWords {
  const shell: Teller = new Teller(['/bin/sh'], {
    told: line => {
      const [, word = '', ...rest] = line.split(' ');
      // In one group with its target, it is not over before it is gone.
      if (word !== OVER || setsid !== null) launch.hear(word, rest);
    },
    failed: error => launch.fail(SpawnError.of(launch.program, error)),
    // It has ended as its target did, unless somebody killed it alone.
    closed: (code, signal) => {
      if (setsid === null) launch.killedBy = signal;
      if (launch.isStarted && code !== null) launch.hear(OVER, [String(code)]);
      launch.lose();
    },
  });
  const launch = new LaunchWords(orders.words[0] ?? '', shell.pid);
  shell.hold(true);
  shell.say(wrapperScript(orders, setsid));
  shell.dismiss();
  return launch;
}
