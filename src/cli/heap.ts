/** How V8 takes memory: for a program that loads much at its start and then does little for months. */
import { setFlagsFromString } from 'node:v8';

/** Milliseconds after the start in which the first messages still find code that has never run. */
const SETTLE_MS = 10_000;

/**
 * While modules are loaded nearly all survives, and V8 would grow its young generation to 3 x 16 MB, which it keeps: a
 * third of our memory, for garbage. Afterwards it may grow where messages need it.
 */
export const loading = (): void => setFlagsFromString('--semi-space-growth-factor=1');
export const loaded = (): unknown =>
  setTimeout(() => setFlagsFromString('--semi-space-growth-factor=2'), SETTLE_MS).unref();
