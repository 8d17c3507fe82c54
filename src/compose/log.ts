/** The nodes' own log. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { destination, type Logger, type LoggerOptions, pino, stdSerializers } from 'pino';
import { redactFields, redactText } from '../core/redact.js';

export interface LogSettings {
  readonly silent: boolean;
  readonly logFile: string | null;
  readonly logLevel: string;
}

/** Whatever is logged: secrets are no part of it, by the names of fields and variables and by the forms of our tokens. */
export const REDACTING: LoggerOptions = {
  formatters: { log: redactFields<Record<string, unknown>> },
  serializers: {
    // What could not be started may have had a secret among its words.
    err: (error: Error) => redactFields({ ...stdSerializers.err(error), spawnargs: undefined }),
  },
  hooks: {
    logMethod(args, method) {
      method.apply(
        this,
        args.map(each => (typeof each === 'string' ? redactText(each) : each)) as typeof args,
      );
    },
  },
};

/** JSON lines, or lines for people where stdout is a terminal. Written at once: a crash loses none. */
export async function openLog(settings: LogSettings): Promise<Logger> {
  const level = settings.silent ? 'silent' : settings.logLevel;
  const options = { level, base: null, ...REDACTING };
  if (settings.logFile !== null) {
    mkdirSync(dirname(settings.logFile), { recursive: true });
    return pino(options, enduring({ dest: settings.logFile, append: true }));
  }
  const stdout = enduring({ dest: 1 });
  if (!process.stdout.isTTY) return pino(options, stdout);
  const { PinoPretty } = await import('pino-pretty');
  const forPeople = {
    translateTime: 'HH:MM:ss.l',
    ignore: 'pid,hostname',
    singleLine: true,
    destination: stdout,
  };
  return pino(options, PinoPretty({ ...forPeople, sync: true }));
}

/** A full disk or a closed pipe costs lines of the log, never the supervisor. */
function enduring(options: { dest: string | number; append?: boolean }) {
  const stream = destination({ ...options, sync: true });
  let told = false;
  stream.on('error', (error: Error) => {
    if (!told) process.stderr.write(`canopy: log lines are lost: ${error.message}\n`, () => {});
    told = true;
  });
  return stream;
}
