/** Nodes as far as logs concern them: real brokers and links, the real hub and flow server, a log in memory at the leaf. */

import { Bridge } from '../../../broker/bridge.js';
import { EmbeddedBroker } from '../../../broker/embedded.js';
import type { Link } from '../../../broker/link.js';
import { MqttLink } from '../../../broker/mqtt-link.js';
import { access, authenticating } from '../../../src/compose/access.js';
import { systemClock } from '../../../src/core/clock.js';
import type { LogItem, LogQuery, LogSource } from '../../../src/core/log-lines.js';
import { Registry } from '../../../src/core/registry.js';
import { encode } from '../../../src/protocol/codec.js';
import { encodeAsk } from '../../../src/protocol/flows.js';
import { clientIdOf, identify } from '../../../src/protocol/identity.js';
import { LineText, type TextLine } from '../../../src/protocol/log-text.js';
import { topicOf, topicRules } from '../../../src/protocol/topics.js';
import { FlowServer } from '../../../src/streams/flow-server.js';
import { Hub } from '../../../src/streams/hub.js';
import { Inflows } from '../../../src/streams/inflows.js';
import { LEASE_MS } from '../../../src/streams/limits.js';
import type { LogHub } from '../../../src/streams/port.js';
import { Ingest } from '../../../src/tree/ingest.js';
import { MemoryLog } from '../../support/memory-log.js';
import { until } from '../../support/wait.js';

export const quiet = { info() {}, warn() {} };
export const INSTANCE = '0123456789abcdef';
let epochs = Date.now();

export interface NodeWithBroker {
  readonly broker: EmbeddedBroker;
  readonly hub: Hub;
  readonly inflows: Inflows;
  readonly registry: Registry;
  readonly link: Link;
  readonly server: FlowServer | null;
  readonly uplink: Link | null;
  readonly port: number;
  close(): Promise<void>;
}

/** A root, or a relay where a parent's port is given. */
export async function startHub({ port = 0, name = '', parentPort = 0 } = {}): Promise<NodeWithBroker> {
  const registry = new Registry();
  let broker: EmbeddedBroker;
  const ingest = new Ingest(registry, systemClock, child => broker.holds(child));
  broker = await EmbeddedBroker.listen({
    host: '127.0.0.1',
    port,
    rules: topicRules,
    identify,
    authenticate: authenticating(null),
    access,
    admit: ingest.receive,
    onRefused: () => {},
  });
  const link = broker.link({ name: '', instance: INSTANCE });
  const inflows = new Inflows({ link, clock: systemClock, owner: `${INSTANCE}@${++epochs}` });
  await inflows.start();
  const hub = new Hub({ registry, inflows, own: null });
  ingest.listen(hub);
  const up = name === '' ? null : await startUp(link, name, parentPort, hub);
  return {
    broker,
    hub,
    inflows,
    registry,
    link,
    server: up?.server ?? null,
    uplink: up?.uplink ?? null,
    port: broker.address.port,
    close: async () => {
      inflows.stop();
      up?.server.stop();
      up?.bridge.stop();
      await up?.uplink.close();
      await broker.close();
    },
  };
}

async function startUp(local: Link, name: string, port: number, logs: LogHub) {
  const epoch = ++epochs;
  const uplink = uplinkTo(port, name, epoch, 'relay');
  const bridge = new Bridge({ local, up: uplink, name, rules: topicRules, onRefused: () => {} });
  const server = new FlowServer({ link: uplink, name, logs, clock: systemClock, log: quiet });
  server.start();
  await bridge.start();
  uplink.on('connected', () => tell(uplink, name, epoch, 'relay'));
  return { uplink, bridge, server };
}

const stateOf = (epoch: number, kind: 'leaf' | 'relay', link: 'online' | 'lost' | 'offline') =>
  encode('state', {
    v: 1,
    epoch,
    ts: Date.now(),
    kind,
    link,
    ...(kind === 'leaf' && { phase: 'running' as const }),
  });

function uplinkTo(port: number, name: string, epoch: number, kind: 'leaf' | 'relay'): MqttLink {
  const will = {
    topic: topicOf(name, 'state'),
    payload: stateOf(epoch, kind, 'lost'),
    qos: 1,
    retain: true,
  } as const;
  return new MqttLink({
    url: `mqtt://127.0.0.1:${port}`,
    clientId: clientIdOf(name, INSTANCE),
    will,
    batchMs: kind === 'relay' ? 100 : 0,
  });
}

const tell = (link: Link, name: string, epoch: number, kind: 'leaf' | 'relay'): void =>
  link.publish({
    topic: topicOf(name, 'state'),
    payload: stateOf(epoch, kind, 'online'),
    qos: 1,
    retain: true,
  });

export interface TestLeaf {
  readonly server: FlowServer;
  readonly link: Link;
  /** As a kill would end it. */
  crash(): void;
  close(): Promise<void>;
}

export function startLeaf(port: number, name: string, log: LogSource, { leaseMs = LEASE_MS } = {}): TestLeaf {
  const epoch = ++epochs;
  const link = uplinkTo(port, name, epoch, 'leaf');
  const server = new FlowServer({
    link,
    name,
    logs: { source: () => log },
    clock: systemClock,
    log: quiet,
    leaseMs,
  });
  server.start();
  link.on('connected', () => tell(link, name, epoch, 'leaf'));
  const crash = (): void => {
    link.abort();
    server.stop();
  };
  return { server, link, crash, close: async () => crash() };
}

/** Somebody who asks for a flow over a plain broker, and is killed. */
export function startViewer(port: number) {
  const link = new MqttLink({ url: `mqtt://127.0.0.1:${port}`, clientId: 'viewer' });
  return {
    open: (hop: string): void => {
      const ask = { flow: 'viewer-1', path: '', query: { follow: true }, limit: 1e6, open: true };
      link.publish({ topic: `canopy/${hop}/_flow`, payload: encodeAsk(ask), qos: 1, retain: false });
    },
    vanish: (): void => link.abort(),
    close: (): Promise<void> => link.close(),
  };
}

export const isOnline = ({ registry }: NodeWithBroker, path: string): Promise<true> =>
  until(
    () => (registry.get(path)?.link === 'online' && registry.get(path)?.kind ? true : null),
    5000,
    `${path} is online`,
  );

/** Reads on until it is cut; what it has been handed. */
export class Reader {
  readonly items: LogItem[] = [];
  readonly lines: TextLine[] = [];
  error: Error | null = null;
  done = false;
  /** While set, it takes nothing. */
  frozen: Promise<void> | null = null;
  private readonly cut = new AbortController();

  constructor(source: LogSource, query: LogQuery) {
    void this.run(source, query);
  }

  private async run(source: LogSource, query: LogQuery): Promise<void> {
    const text = new LineText();
    try {
      for await (const item of source.read(query, this.cut.signal)) {
        this.items.push(item);
        if (item.kind === 'lines') this.lines.push(...text.lines(item));
        if (this.frozen) await this.frozen;
      }
    } catch (error) {
      this.error = error as Error;
    }
    this.done = true;
  }

  async has(lines: number, deadlineMs = 5000): Promise<void> {
    await until(
      () => {
        if (this.error) throw this.error;
        return this.lines.length >= lines;
      },
      deadlineMs,
      `${lines} lines, so far ${this.lines.length}`,
    );
  }

  get seqs(): number[] {
    return this.lines.map(({ seq }) => seq);
  }
  get gaps(): LogItem[] {
    return this.items.filter(({ kind }) => kind === 'gap');
  }
  end(): void {
    this.cut.abort();
  }
}

export const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at);

export interface Closable {
  close(): Promise<void>;
}
export type Open = <T extends Closable>(it: T | Promise<T>) => Promise<T>;

/** Opens what is closed after the tests of the file, the last first. */
export function opener(after: (end: () => Promise<void>) => void): Open {
  const opened: Closable[] = [];
  after(async () => {
    for (const one of opened.reverse()) await one.close();
  });
  return async it => {
    const one = await it;
    opened.push(one);
    return one;
  };
}

/** root <- rack1 <- web, known at the root. */
export async function twoHops(open: Open) {
  const root = await open(startHub());
  const rack1 = await open(startHub({ name: 'rack1', parentPort: root.port }));
  const log = new MemoryLog();
  const leaf = await open(startLeaf(rack1.port, 'web', log));
  await isOnline(root, 'rack1/web');
  return { root, rack1, log, leaf };
}
