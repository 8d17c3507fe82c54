/** Processes whose clock is what a file says, while monotonic time is real. */
import { execFileSync } from 'node:child_process';

/** The library, wherever Debian has it for this machine. */
const library = (): string =>
  execFileSync('faketime', ['-m', '-f', '+0', 'printenv', 'LD_PRELOAD'], { encoding: 'utf8' }).trim();

/** Words before a command line; the file holds an offset such as `+0`, `-3600` or `+1h`, and is read at every look at the clock. */
export const byClockIn = (file: string): string[] => [
  'env',
  `LD_PRELOAD=${library()}`,
  `FAKETIME_TIMESTAMP_FILE=${file}`,
  'FAKETIME_NO_CACHE=1',
  'FAKETIME_DONT_FAKE_MONOTONIC=1',
];
