/** The nodes' own log. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { destination, type Logger, pino } from 'pino';
import { PinoPretty } from 'pino-pretty';

export interface LogSettings {
  readonly silent: boolean;
  readonly logFile: string | null;
  readonly logLevel: string;
}

/** JSON lines, or lines for people where stdout is a terminal. Written at once: a crash loses none. */
export function openLog(settings: LogSettings): Logger {
  const level = settings.silent ? 'silent' : settings.logLevel;
  const options = { level, base: null };
  if (settings.logFile !== null) {
    mkdirSync(dirname(settings.logFile), { recursive: true });
    return pino(options, destination({ dest: settings.logFile, append: true, sync: true }));
  }
  if (!process.stdout.isTTY) return pino(options, destination({ dest: 1, sync: true }));
  return pino(
    options,
    PinoPretty({ sync: true, translateTime: 'HH:MM:ss.l', ignore: 'pid,hostname', singleLine: true }),
  );
}
