import type { Progress } from '../node/responder.js';
import type { Supervisor } from './supervisor.js';

/** Milliseconds between two looks: what is done before the first is not worth a word. */
const LOOK_MS = 1000;
/** Looks after which it is said again, so that whoever waits knows that we are at it. */
const AGAIN = 10;

/** While `work` takes long, tells the phase whenever it is another, and how many seconds the grace still is. */
export async function telling<T>(supervisor: Supervisor, progress: Progress, work: Promise<T>): Promise<T> {
  let told: string | null = null;
  let looks = 0;
  const timer = setInterval(() => {
    const { phase, pid } = supervisor.model;
    looks += 1;
    if (phase === told && looks % AGAIN !== 0) return;
    told = phase;
    const left = supervisor.graceLeftMs;
    progress({ phase, pid, ...(left !== null && { graceLeft: Math.round(left / 100) / 10 }) });
  }, LOOK_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
