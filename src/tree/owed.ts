/** What the parent is still to be told: which nodes were forgotten here while it could not be told, or might not have heard it. */
import type { Link } from '../../broker/link.js';
import type { Registry } from '../core/registry.js';
import { topicOf } from '../protocol/topics.js';
import type { IngestListener } from './ingest.js';
import type { Roster } from './roster/roster.js';

export interface OwedPorts {
  readonly up: Link;
  /** The name at the parent's broker. */
  readonly name: string;
  readonly registry: Registry;
  readonly roster: Roster;
}

/** Milliseconds in which a parent that is there has acknowledged it. */
const ACK_MS = 10_000;
/** Said before it is waited for. */
const PIECE = 200;
const NOTHING = Buffer.alloc(0);

export class Owed implements IngestListener {
  private settling = false;
  /** Said by the bridge over the connection at hand. */
  private readonly saidIn = new Set<string>();

  constructor(private readonly ports: OwedPorts) {}

  start(): void {
    this.ports.up.on('connected', this.connected);
    if (this.ports.up.state === 'connected') this.settle();
  }

  stop(): void {
    this.ports.up.off('connected', this.connected);
  }

  /** Written down first: the bridge says it, and knows no more of it after a restart. */
  forgotten(paths: readonly string[]): void {
    if (paths.length === 0) return;
    const { roster, up } = this.ports;
    roster.owe(paths);
    if (up.state === 'connected') for (const path of paths) this.saidIn.add(path);
    setImmediate(this.settle);
  }

  private readonly connected = (): void => {
    this.saidIn.clear();
    this.settle();
  };

  private readonly settle = (): void => {
    if (this.settling || this.ports.up.state !== 'connected') return;
    this.settling = true;
    void this.pay().finally(() => {
      this.settling = false;
    });
  };

  /** What the bridge has not said over this connection is said here: an empty state of a node that is not known changes nothing. */
  private async pay(): Promise<void> {
    const { up, name, registry, roster } = this.ports;
    while (up.state === 'connected' && roster.owed.size > 0) {
      const paths = [...roster.owed].slice(0, PIECE);
      for (const path of paths)
        if (!registry.get(path) && !this.saidIn.has(path))
          up.publish({ topic: topicOf(`${name}/${path}`, 'state'), payload: NOTHING, qos: 1, retain: true });
      const heard = await up.flush(ACK_MS);
      if (!heard || up.state !== 'connected') return;
      roster.paid(paths);
      for (const path of paths) this.saidIn.delete(path);
    }
  }
}
