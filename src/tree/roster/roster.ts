/**
 * The nodes below, on disk: known from the first word of theirs until they are forgotten, whatever is restarted. Heartbeats
 * write nothing; what changes within a moment is written together.
 */
import type { Message } from '../../../broker/link.js';
import type { Clock } from '../../core/clock.js';
import type { CanopyError } from '../../core/errors.js';
import type { LinkFact } from '../../core/facts.js';
import type { NodeRecord } from '../../core/node-record.js';
import type { Registry } from '../../core/registry.js';
import { encode } from '../../protocol/codec.js';
import type { Heartbeat } from '../../protocol/payloads.js';
import { topicOf } from '../../protocol/topics.js';
import { Graves } from '../graves.js';
import type { IngestListener } from '../ingest.js';
import { entryOf, recordOf } from './entry.js';
import { RosterFile } from './file.js';
import type { Contents, Grave, Line } from './lines.js';
import { readRoster } from './read.js';

export interface RosterPorts {
  readonly registry: Registry;
  readonly clock: Clock;
  /** Nodes at most. */
  readonly most: number;
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
}

/** Milliseconds after a change in which others may come, and nodes written in one go. */
const GATHER_MS = 50;
const PIECE = 500;
/** Graves, and words owed to the parent, at most: the oldest go first. */
const MOST_GRAVES = 10_000;
/** Milliseconds after which nobody comes back to be told that it was forgotten. */
const GRAVE_MS = 30 * 86_400_000;

export class Roster implements IngestListener {
  private readonly contents: Contents;
  private readonly file: RosterFile;
  readonly graves: Graves;
  private readonly dirty = new Set<string>();
  private timer: NodeJS.Timeout | null = null;

  /** Reads it, and makes the nodes in it known. Never throws: a file that can't be used is told of. */
  constructor(
    file: string,
    private readonly ports: RosterPorts,
  ) {
    const { clock, registry, log } = ports;
    const found = readRoster(file, ports.most, String(clock.now()));
    this.contents = found.contents;
    this.graves = new Graves(found.contents.graves);
    if (found.problem) log.error({ code: found.problem.code }, found.problem.message);
    for (const entry of this.contents.nodes.values()) registry.restore(recordOf(entry, clock));
    if (this.contents.nodes.size > 0)
      log.info({ nodes: this.contents.nodes.size }, 'nodes known from before');
    this.file = new RosterFile(file, this.contents, this.written);
    if (found.mend || this.contents.size === 0) this.file.rewrite();
  }

  private readonly written = (problem: CanopyError | null): void => {
    const { log } = this.ports;
    if (problem) log.error({ code: problem.code }, problem.message);
    else log.info({}, 'the roster can be written again');
  };

  /** Their states as the broker had them retained. */
  retained(): Message[] {
    return Array.from(this.contents.nodes.values(), ({ path, state }) => ({
      topic: topicOf(path, 'state'),
      payload: encode('state', state),
      qos: 1,
      retain: true,
    }));
  }

  state(record: NodeRecord): void {
    this.note(record);
  }

  lifted(record: NodeRecord): void {
    this.note(record);
  }

  beat(record: NodeRecord, beat: Heartbeat, from: LinkFact | null): void {
    // Else a state says the same of it, and comes first; how often it beats is what only a heartbeat says.
    if (from === null || this.contents.nodes.get(record.path)?.interval !== beat.interval) this.note(record);
  }

  forgotten(paths: readonly string[]): void {
    for (const path of paths) {
      this.dirty.delete(path);
      this.contents.nodes.delete(path);
    }
    if (paths.length > 0) this.file.append(paths.map(gone => ({ gone })));
  }

  get owed(): ReadonlySet<string> {
    return this.contents.owed;
  }

  /** What is said of the node from before now is not believed until it is heard live. */
  bury(grave: Grave): void {
    const { graves } = this.contents;
    graves.set(grave.path, grave);
    const lines: Line[] = [{ grave }];
    for (const [path, { at }] of graves) {
      if (graves.size <= MOST_GRAVES && grave.at - at < GRAVE_MS) break;
      graves.delete(path);
      lines.push({ closed: path });
    }
    this.file.append(lines);
  }

  close(path: string): void {
    if (this.contents.graves.delete(path)) this.file.append([{ closed: path }]);
  }

  owe(paths: readonly string[]): void {
    const { owed } = this.contents;
    for (const path of paths) owed.add(path);
    const lines: Line[] = paths.map(path => ({ owed: path }));
    for (const path of owed) {
      if (owed.size <= MOST_GRAVES) break;
      owed.delete(path);
      lines.push({ paid: path });
    }
    this.file.append(lines);
  }

  paid(paths: readonly string[]): void {
    const paid = paths.filter(path => this.contents.owed.delete(path));
    if (paid.length > 0) this.file.append(paid.map(path => ({ paid: path })));
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    while (this.dirty.size > 0) this.writePiece();
    this.file.stop();
  }

  private note({ path }: NodeRecord): void {
    if (path === '') return;
    this.dirty.add(path);
    this.timer ??= setTimeout(this.write, GATHER_MS);
  }

  private readonly write = (): void => {
    this.writePiece();
    this.timer = this.dirty.size > 0 ? setTimeout(this.write, GATHER_MS) : null;
  };

  private writePiece(): void {
    const lines: Line[] = [];
    for (const path of this.dirty) {
      if (lines.length === PIECE) break;
      this.dirty.delete(path);
      const record = this.ports.registry.get(path);
      if (!record) continue;
      const entry = entryOf(record);
      this.contents.nodes.set(path, entry);
      lines.push(entry);
    }
    if (lines.length > 0) this.file.append(lines);
  }
}
