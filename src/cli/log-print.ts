/** Lines of logs on a terminal, or for programs: one log as it is, several with a tag each, as `docker compose logs` has them. */
import { once } from 'node:events';

export interface LogView {
  readonly json: boolean;
  readonly timestamps: boolean;
  readonly colours: boolean;
  readonly forPeople?: ((line: string) => string) | null;
}

export interface PrintedLine {
  readonly seq: number;
  readonly ts: number;
  readonly stream: string;
  readonly line: string;
}
export interface PrintedGap {
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

/** Those that are told apart on light and dark grounds alike: cyan, yellow, green, magenta, blue, and the same bright. */
const COLOURS = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

export class LogPrinter {
  private readonly paths: string[] = [];
  private width = 0;

  constructor(
    private readonly view: LogView,
    private readonly tagged: boolean,
  ) {}

  /** To be told of before its first line: the tags are as wide as the longest. */
  know(path: string): void {
    if (this.paths.includes(path)) return;
    this.paths.push(path);
    this.width = Math.max(this.width, path.length);
  }

  lines(path: string, lines: readonly PrintedLine[]): string {
    const { json, timestamps, forPeople } = this.view;
    if (json)
      return lines
        .map(({ seq, ts, stream, line }) => `${JSON.stringify({ path, seq, ts, stream, line })}\n`)
        .join('');
    const tag = this.tagged ? this.tag(path) : '';
    const time = (ts: number): string => (timestamps ? `${new Date(ts).toISOString()} ` : '');
    const rows = (line: string): string[] => (forPeople ? forPeople(line).split('\n') : [line]);
    return lines
      .flatMap(({ ts, line }) => rows(line).map(row => `${tag}${time(ts)}${this.closed(row)}\n`))
      .join('');
  }

  /** What a target leaves coloured does not colour the tags that follow. */
  private closed(line: string): string {
    return this.tagged && this.view.colours && line.includes('\u001b[') ? `${line}\u001b[0m` : line;
  }

  private tag(path: string): string {
    const text = `${path.padEnd(this.width)} | `;
    const colour = COLOURS[this.paths.indexOf(path) % COLOURS.length];
    return this.view.colours ? `\u001b[${colour}m${text}\u001b[0m` : text;
  }
}

/** Waits where the reader of it does not keep up. */
export async function put(text: string): Promise<void> {
  if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain');
}

/** Beside the lines, for whoever looks on. */
export const note = (text: string): void => void process.stderr.write(`canopy: ${text}\n`);

/** A reader that has had enough, such as head, is no failure. */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
    throw error;
  });
}
