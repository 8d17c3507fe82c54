/** What the commands print: for people, or with `--json` for programs. */
import Table from 'cli-table3';

export interface View {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function say(view: View, value: unknown, text: string): void {
  if (view.quiet) return;
  process.stdout.write(`${view.json ? JSON.stringify(value) : text}\n`);
}

const NO_LINES = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'].map(
    k => [k, ''],
  ),
);

export function table(head: string[], rows: string[][]): string {
  const drawn = new Table({
    head,
    chars: {
      ...NO_LINES,
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '  ',
    },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
  });
  drawn.push(...rows);
  return drawn
    .toString()
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n');
}

/** `51 s`, `12 min`, `3 h`, `4 d`. */
export function age(since: number | null, now: number): string {
  if (since === null) return '-';
  const seconds = Math.max(0, Math.round((now - since) / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}

export function bytes(count: number | undefined): string {
  if (!count) return '-';
  return count < 1e9 ? `${(count / 1e6).toFixed(1)} MB` : `${(count / 1e9).toFixed(2)} GB`;
}
