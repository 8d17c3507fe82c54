/** How V8 works for us: for a program that loads much at its start (see canopy.cts) and then does little for months. */
import { setFlagsFromString } from 'node:v8';

/**
 * V8 collects the whole heap when it has grown by so much (percent) since the last time, and counts the bytes of buffers,
 * which a stream of logs takes by the thousand and the young generation's own collections free. By V8's own reckoning
 * that is every 15 MB or so, and costs half of a relay's CPU.
 */
const GROWING_PERCENT = 200;

/** For what goes on for long. What is compiled under other flags is not taken for the next start: it is kept before. */
export const settled = (): void =>
  setFlagsFromString(`--turbofan --incremental-marking --heap-growing-percent=${GROWING_PERCENT}`);
