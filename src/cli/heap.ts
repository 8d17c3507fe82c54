/** How V8 takes memory: for a program that loads much at its start and then does little for months. */
import { setFlagsFromString } from 'node:v8';

/**
 * V8 collects the whole heap when it has grown by so much (percent) since the last time, and counts the bytes of buffers,
 * which a stream of logs takes by the thousand and the young generation's own collections free. By V8's own reckoning
 * that is every 15 MB or so, and costs half of a relay's CPU.
 */
const GROWING_PERCENT = 200;

/**
 * While modules are loaded nearly all survives, and V8 would grow its young generation to 3 x 16 MB, which it keeps: a
 * third of our memory, for garbage. Small, it also frees the buffers of messages soon after they have been sent.
 */
export const loading = (): void => setFlagsFromString('--semi-space-growth-factor=1');
export const loaded = (): void => setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`);
