/** A line of a node's own log as people read it: time, level, message, fields. As the node itself says it on a terminal, with the day. */
import { prettyFactory } from 'pino-pretty';

/** What is no JSON stays as it is; an error has its stack on lines of its own. */
export function ownLogLine(colours: boolean): (line: string) => string {
  const pretty = prettyFactory({
    colorize: colours,
    translateTime: "UTC:yyyy-mm-dd HH:MM:ss.l'Z'",
    ignore: 'pid,hostname',
    singleLine: true,
  });
  return line => (pretty(line) ?? line).trimEnd();
}
