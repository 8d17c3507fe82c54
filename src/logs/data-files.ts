/** The files that a target writes one of its streams to, named by where in the stream they begin. */
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { LogStream } from '../core/log-lines.js';

export interface DataFile {
  /** Offset in the stream of its first byte. */
  readonly start: number;
  /** No line in it has a lower one: by it a lost index finds its numbers again. */
  readonly seq: number;
  readonly path: string;
}

const NAME = /^(stdout|stderr)\.(\d{1,16})\.(\d{1,16})$/;
const NEWLINE = 10;

export class DataFiles {
  /** By their starts. */
  private readonly files: DataFile[];

  constructor(
    private readonly dir: string,
    readonly stream: LogStream,
    names: readonly string[],
  ) {
    this.files = names
      .map(name => NAME.exec(name))
      .filter(found => found?.[1] === stream)
      .map(found => ({
        start: Number(found?.[2]),
        seq: Number(found?.[3]),
        path: `${dir}/${found?.[0]}`,
      }))
      .sort((a, b) => a.start - b.start);
  }

  get all(): readonly DataFile[] {
    return this.files;
  }

  /** The one that is written to. */
  get last(): DataFile | null {
    return this.files.at(-1) ?? null;
  }

  /** The one in which this offset lies, or would. */
  holding(offset: number): DataFile | null {
    return this.files.findLast(file => file.start <= offset) ?? null;
  }

  after(file: DataFile): DataFile | null {
    return this.files[this.files.indexOf(file) + 1] ?? null;
  }

  /** Offset of the end of what is in it: what came after the next one was begun is nobody's. */
  endOf(file: DataFile, size = sizeOf(file.path)): number {
    return Math.min(file.start + size, this.after(file)?.start ?? Number.POSITIVE_INFINITY);
  }

  /**
   * The file for one more run: the last one, or where that is long (bytes), ends amid a line, or is shorter than what was
   * read of it, the next one. Throws the error of the file system.
   */
  prepare({ longest, indexed, seq }: { longest: number; indexed: number; seq: number }): DataFile {
    const { last } = this;
    if (last === null) return this.add(indexed, seq);
    const fd = openSync(last.path, 'a+', 0o640);
    try {
      const { size } = fstatSync(fd);
      const end = last.start + size;
      const goesOn = size < longest && end >= indexed && (size === 0 || byteAt(fd, size - 1) === NEWLINE);
      return goesOn ? last : this.add(Math.max(end, indexed), seq);
    } finally {
      closeSync(fd);
    }
  }

  add(start: number, seq: number): DataFile {
    const path = `${this.dir}/${this.stream}.${start}.${seq}`;
    closeSync(openSync(path, 'a', 0o640));
    const file = { start, seq, path };
    const { last } = this;
    // Nothing was written to a file that begins where the next one does.
    if (last?.start === start) this.files.pop();
    this.files.push(file);
    return file;
  }

  /** The last one was truncated: what is in it now begins there. Whoever writes to it has it open, whatever its name. */
  restart(start: number, seq: number): void {
    const file = this.files.pop();
    if (!file) return;
    let path = `${this.dir}/${this.stream}.${start}.${seq}`;
    try {
      renameSync(file.path, path);
    } catch {
      path = file.path; // as long as this process knows it
    }
    this.files.push({ start, seq, path });
  }

  remove(file: DataFile): void {
    const at = this.files.indexOf(file);
    if (at !== -1) this.files.splice(at, 1);
  }
}

function byteAt(fd: number, at: number): number | undefined {
  const one = Buffer.alloc(1);
  return readSync(fd, one, 0, 1, at) === 1 ? one[0] : undefined;
}

/** 0 where there is none. */
export const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** None where there is no such directory. */
export function namesIn(dir: string): string[] {
  try {
    return statSync(dir, { throwIfNoEntry: false }) ? readdirSync(dir) : [];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/**
 * True where it was not there. Not recursive where it need not be: then Node says ENOENT whatever is the matter. Throws the error
 * of the file system.
 */
export function makeDir(dir: string): boolean {
  if (existsSync(dir)) return false;
  mkdirSync(dir, { recursive: !existsSync(dirname(dir)) });
  return true;
}
