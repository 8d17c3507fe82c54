/** Time, as a port, so that a test can own it. */
export interface Clock {
  /** Wall time, milliseconds since the Unix epoch: for what people and other nodes read. */
  now(): number;
  /** Monotonic milliseconds: for every age, lease and timeout. */
  mono(): number;
}

/** One moment on both clocks. */
export interface Moment {
  readonly now: number;
  readonly mono: number;
}

export const moment = (clock: Clock): Moment => ({ now: clock.now(), mono: clock.mono() });

/** Not of `performance`: what that loads, the first target would wait 1.5 ms for. */
export const systemClock: Clock = { now: () => Date.now(), mono: () => process.uptime() * 1000 };
