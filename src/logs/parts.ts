/** What an open store is made of. */
import type { LogStream } from '../core/log-lines.js';
import { Capture } from './capture.js';
import { Clearing } from './clear.js';
import { DataFiles, namesIn } from './data-files.js';
import { Intake } from './intake.js';
import { Keeping } from './keep.js';
import type { LogIndex } from './log-index.js';
import type { StoreNews, StoreOptions } from './options.js';
import { Room } from './room.js';
import { Shortage } from './shortage.js';

export interface Parts {
  readonly files: Readonly<Record<LogStream, DataFiles>>;
  readonly intake: Intake;
  readonly capture: Capture;
  readonly clearing: Clearing;
  readonly keeping: Keeping;
  /** Null where nobody but us writes to the files. */
  readonly room: Room | null;
}

export interface PartsPorts {
  /** Something was written. */
  readonly wake: () => void;
  readonly tend: () => void;
  readonly told: (news: StoreNews) => void;
}

export function dataFilesIn(dir: string, names = namesIn(dir)): Parts['files'] {
  return { stdout: new DataFiles(dir, 'stdout', names), stderr: new DataFiles(dir, 'stderr', names) };
}

export function assemble(
  options: StoreOptions,
  index: LogIndex,
  files: Parts['files'],
  { wake, tend, told }: PartsPorts,
): Parts {
  const shortage = new Shortage(() => keeping, told);
  const intake: Intake = new Intake(options, files, index, {
    written: () => {
      shortage.wrote();
      wake();
    },
    lost: (stream, lines) => {
      keeping.lost += lines;
      shortage.suffered();
      index.lose(stream, lines, options.clock.now());
    },
    makeRoom: () => {
      const made = keeping.dropNow();
      if (made) shortage.suffered();
      return made;
    },
  });
  const clearing = new Clearing(index, files, intake.direct);
  const keeping = new Keeping(index, clearing, options);
  const room = intake.direct ? new Room(options, files, keeping, told, tend) : null;
  const truncated = new Set<LogStream>();
  const capture = new Capture(index, files, {
    most: options.maxBytes,
    passed: () => void clearing.run(),
    now: () => options.clock.now(),
    held: (stream, scanned) => room?.held(stream, scanned) ?? 0,
    truncated: stream => {
      if (truncated.has(stream)) return;
      truncated.add(stream);
      const hope = intake.preferFifo(stream)
        ? ': from its next start on it gets a FIFO, which keeps all'
        : '';
      const reason = `the target has truncated its ${stream}, as "> /dev/${stream}" does${hope}`;
      told({ loses: true, reason, count: 0 });
    },
  });
  return { files, intake, capture, clearing, keeping, room };
}
