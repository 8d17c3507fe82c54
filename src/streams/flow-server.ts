/** Hands logs to the parent as far as it asks for them, over this node's uplink: those of a leaf, or of all below a relay. */
import type { Link, LinkError, Message } from '../../broker/link.js';
import type { Clock } from '../core/clock.js';
import { CanopyError } from '../core/errors.js';
import { Leases } from '../core/leases.js';
import type { LogQuery } from '../core/log-lines.js';
import { pathProblem } from '../core/names.js';
import { MalformedPayload } from '../protocol/codec.js';
import { decodeAsk, encodeFlow, type FlowAsk, type FlowHead, hopTopic } from '../protocol/flows.js';
import { FLUSH_MS, LEASE_MS, MOST_FLOWS } from './limits.js';
import { Outflow } from './outflow.js';
import type { LogHub } from './port.js';

export interface FlowServerOptions {
  /** To the parent's broker. */
  readonly link: Link;
  /** This node's name there. */
  readonly name: string;
  readonly logs: LogHub;
  readonly clock: Clock;
  readonly log: { warn(fields: object, message: string): void };
  readonly leaseMs?: number;
  /** Milliseconds that lines may wait for others; 0 where they come in chunks already. */
  readonly flushMs?: number;
}

/** Milliseconds between two looks at the leases. */
const SWEEP_MS = 1000;
/** Milliseconds after which it asks again to be greeted; twice as long each time, and not longer than the last. */
const HELLO_MS = 500;
const HELLO_MOST_MS = 60_000;

export class FlowServer {
  private readonly flows = new Map<string, Outflow>();
  private readonly leases = new Leases();
  private sweeper: NodeJS.Timeout | null = null;
  private hello: NodeJS.Timeout | null = null;
  private known: string | null = null;
  private stopped = false;

  constructor(private readonly options: FlowServerOptions) {}

  /** Whether the parent itself reads logs from here: then nobody else need be handed any. */
  get isGreeted(): boolean {
    return this.known === this.options.name;
  }

  /** Flows that are open now. */
  get size(): number {
    return this.flows.size;
  }

  start(): void {
    const { link, name, log } = this.options;
    link.on('lost', this.lost);
    link.on('connected', this.connected);
    // Granted when the parent is reached, which may be never; on closing it is rejected.
    link
      .subscribe([hopTopic(name, '_flow')], message => this.receive(message))
      .then(
        () => this.connected(),
        (error: LinkError) => {
          if (error.code === 'refused') log.warn({ code: error.code }, `no logs: ${error.message}`);
        },
      );
  }

  stop(): void {
    this.stopped = true;
    const { link } = this.options;
    link.off('lost', this.lost);
    link.off('connected', this.connected);
    this.lost();
  }

  /** A flow lives no longer than the connection it was opened on. */
  private readonly lost = (): void => {
    this.known = null;
    if (this.hello) clearTimeout(this.hello);
    if (this.sweeper) clearInterval(this.sweeper);
    this.hello = null;
    this.sweeper = null;
    for (const id of [...this.flows.keys()]) this.close(id);
  };

  private readonly connected = (): void => this.sayHello(HELLO_MS);

  private sayHello(againMs: number): void {
    if (this.hello) clearTimeout(this.hello);
    this.hello = null;
    if (this.known !== null || this.options.link.state !== 'connected') return;
    void this.send({ hello: true });
    this.hello = setTimeout(() => this.sayHello(Math.min(HELLO_MOST_MS, againMs * 2)), againMs);
  }

  private receive({ payload, retain }: Message): void {
    if (retain || this.stopped) return;
    try {
      this.take(decodeAsk(payload));
    } catch (error) {
      if (!(error instanceof MalformedPayload)) throw error;
      this.options.log.warn({ code: error.code }, error.message);
    }
  }

  private take(ask: FlowAsk): void {
    const { flow: id, hello, close, open, limit = 0 } = ask;
    if (hello !== undefined) this.greeted(hello);
    if (id === undefined) return;
    const flow = this.flows.get(id);
    if (close) this.close(id);
    else if (flow) this.renew(id, flow, limit);
    else if (open) this.open(id, ask);
    else void this.send({ flow: id, gone: true });
  }

  private greeted(path: string): void {
    this.known = path;
    if (this.hello) clearTimeout(this.hello);
    this.hello = null;
  }

  private renew(id: string, flow: Outflow, limit: number): void {
    const { clock, leaseMs = LEASE_MS } = this.options;
    this.leases.renew(id, clock.mono(), leaseMs);
    flow.renew(limit);
  }

  private open(id: string, { path = '', query = {}, self, wait, limit = 0 }: FlowAsk): void {
    const problem = this.flows.size >= MOST_FLOWS ? tooMany() : badPath(path);
    if (problem) {
      const { code, message } = problem;
      void this.send({ flow: id, n: 0, error: { code, message } });
      return;
    }
    const { clock, logs, flushMs = FLUSH_MS } = this.options;
    const flow = new Outflow(
      id,
      limit,
      {
        send: (head, bytes) => this.send(head, bytes),
        now: () => clock.mono(),
      },
      flushMs,
    );
    this.flows.set(id, flow);
    this.sweeper ??= setInterval(() => this.sweep(), SWEEP_MS);
    this.renew(id, flow, limit);
    const source = logs.source(path, { ...(self && { self }), ...(wait && { wait }) });
    void flow.run(source, query as LogQuery).then(() => this.forget(id, flow));
  }

  private close(id: string): void {
    const flow = this.flows.get(id);
    if (!flow) return;
    flow.end();
    this.forget(id, flow);
  }

  private forget(id: string, flow: Outflow): void {
    if (this.flows.get(id) !== flow) return;
    this.flows.delete(id);
    this.leases.drop(id);
    if (this.flows.size === 0 && this.sweeper) clearInterval(this.sweeper);
    if (this.flows.size === 0) this.sweeper = null;
  }

  private sweep(): void {
    for (const id of this.leases.expired(this.options.clock.mono(), SWEEP_MS)) this.close(id);
  }

  private send(head: Omit<FlowHead, 'v'>, bytes?: readonly Buffer[]): Promise<void> {
    const { link, name } = this.options;
    link.publishParts(hopTopic(name, '_log'), encodeFlow(head, bytes));
    return link.drained();
  }
}

const tooMany = (): CanopyError =>
  new CanopyError('too-many-streams', `${MOST_FLOWS} streams of logs are handed on by this node already`);

function badPath(path: string): CanopyError | null {
  const problem = pathProblem(path);
  return problem === null ? null : new CanopyError('not-found', `there is no such node: ${problem}`);
}
