/** The files of a spool: messages in order, appended to the last, read from the first on, and removed when they are sent. */
import { closeSync, openSync, readdirSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Message } from '../../broker/link.js';
import { readLeft } from './mend.js';
import type { News } from './news.js';
import type { Place } from './position.js';
import { decode, encode, HEADER } from './record.js';
import { TailFile } from './tail-file.js';

interface Segment {
  readonly id: number;
  bytes: number;
  /** Records that are not sent yet, and those of them that nobody has read. */
  left: number;
  unread: number;
}

interface Tail {
  readonly segment: Segment;
  readonly file: TailFile;
}

export interface Stored {
  readonly message: Message;
  readonly end: Place;
}

/** Bytes read at once; a larger record is read by itself. */
const CHUNK = 256 * 1024;
const NAME = /^(\d{10})\.spool$/;

export class Segments {
  private list: Segment[] = [];
  private tail: Tail | null = null;
  private nextId = 1;

  constructor(
    private readonly dir: string,
    private readonly segmentBytes: number,
  ) {}

  /** What an earlier process has left behind `sent`. Never throws: what can't be read is told. */
  open(sent: Place, now: number, tell: (news: News) => void): void {
    const ids = this.names().flatMap(name => NAME.exec(name)?.slice(1).map(Number) ?? []);
    ids.sort((a, b) => a - b);
    this.nextId = Math.max(0, sent.segment, ...ids) + 1;
    for (const [index, id] of ids.entries()) {
      const left = id < sent.segment ? null : readLeft(this.file(id), index === ids.length - 1, now, tell);
      const unsent = left?.ends.filter(end => id > sent.segment || end > sent.at).length ?? 0;
      if (left && unsent > 0) this.list.push({ id, bytes: left.bytes, left: unsent, unread: unsent });
      else if (left || id < sent.segment) this.remove(id);
    }
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.list.reduce((sum, { bytes }) => sum + bytes, 0);
  }
  get unread(): number {
    return this.list.reduce((sum, { unread }) => sum + unread, 0);
  }

  /** @throws the error of the file system; nothing of the message is kept then */
  append(message: Message): Place {
    const record = encode(message);
    const { segment, file } = this.roomFor(record.length);
    try {
      file.append(record);
    } catch (error) {
      this.leaveTail();
      throw error;
    }
    segment.bytes = file.bytes;
    segment.left += 1;
    segment.unread += 1;
    return { segment: segment.id, at: segment.bytes };
  }

  /** Some messages from a place on, in order; none at the end. Throws what the file system says. */
  read(from: Place): Stored[] {
    const segment = this.list.find(
      ({ id, bytes }) => id > from.segment || (id === from.segment && bytes > from.at),
    );
    if (!segment) return [];
    const at = segment.id === from.segment ? Math.max(from.at, HEADER.length) : HEADER.length;
    const chunk = this.chunk(segment, at, CHUNK);
    const found = this.records(segment, chunk, at);
    return found.length > 0 ? found : this.records(segment, this.chunk(segment, at, segment.bytes), at);
  }

  /** So many of one file, the last of which ends there. */
  wasRead(end: Place, count: number): void {
    const segment = this.list.find(({ id }) => id === end.segment);
    if (segment) segment.unread -= count;
  }

  /** One message was sent, which ends there. */
  sent(end: Place): void {
    const segment = this.list.find(({ id }) => id === end.segment);
    if (!segment) return;
    segment.left -= 1;
    if (segment.left <= 0 && segment !== this.tail?.segment) this.drop(segment);
  }

  /** What is left of a file can't be read: how many messages that were. */
  giveUp(from: Place): number {
    const segment = this.list.find(
      ({ id, bytes }) => id > from.segment || (id === from.segment && bytes > from.at),
    );
    if (segment) this.drop(segment);
    return segment?.unread ?? 0;
  }

  /** Gives up the oldest file, if it is not the only one. */
  dropOldest(): { readonly id: number; readonly unread: number } | null {
    const [oldest] = this.list;
    if (!oldest || oldest === this.tail?.segment) return null;
    this.drop(oldest);
    return oldest;
  }

  close(): void {
    this.leaveTail();
  }

  private roomFor(bytes: number): Tail {
    const { tail } = this;
    if (
      tail &&
      (tail.segment.bytes + bytes <= this.segmentBytes ||
        (tail.segment.left === 0 && tail.segment.bytes === HEADER.length))
    )
      return tail;
    this.leaveTail();
    const file = new TailFile(this.file(this.nextId));
    const segment = { id: this.nextId, bytes: file.bytes, left: 0, unread: 0 };
    this.nextId += 1;
    this.list.push(segment);
    this.tail = { segment, file };
    return this.tail;
  }

  /** The next record begins a new file. */
  private leaveTail(): void {
    const { tail } = this;
    this.tail = null;
    tail?.file.close();
    if (tail?.segment.left === 0) this.drop(tail.segment);
  }

  private chunk(segment: Segment, at: number, most: number): Buffer {
    const chunk = Buffer.allocUnsafe(Math.min(most, segment.bytes - at));
    const fd = openSync(this.file(segment.id), 'r');
    try {
      return chunk.subarray(0, readSync(fd, chunk, 0, chunk.length, at));
    } finally {
      closeSync(fd);
    }
  }

  private records(segment: Segment, chunk: Buffer, at: number): Stored[] {
    const stored: Stored[] = [];
    for (let from = 0; from < chunk.length; ) {
      const found = decode(chunk, from);
      if (typeof found === 'string') break;
      from = found.end;
      stored.push({ message: found.message, end: { segment: segment.id, at: at + from } });
    }
    return stored;
  }

  private drop(segment: Segment): void {
    this.list = this.list.filter(one => one !== segment);
    this.remove(segment.id);
  }

  private remove(id: number): void {
    try {
      rmSync(this.file(id), { force: true });
    } catch {
      // It is sent again after the next start, and known for that above.
    }
  }

  private names(): string[] {
    try {
      return readdirSync(this.dir);
    } catch {
      return [];
    }
  }

  private file(id: number): string {
    return join(this.dir, `${String(id).padStart(10, '0')}.spool`);
  }
}
