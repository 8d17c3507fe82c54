/** All flows that a node takes from below, over its own link to its own broker. */
import type { Link, Message } from '../../broker/link.js';
import type { Clock } from '../core/clock.js';
import { CanopyError } from '../core/errors.js';
import { MAX_NAMES } from '../core/names.js';
import { MalformedPayload } from '../protocol/codec.js';
import { decodeFlow, encodeAsk, type FlowAsk, hopTopic, splitHopTopic } from '../protocol/flows.js';
import { windowOf } from './credit.js';
import { FlowBroken, type FlowWish, Inflow } from './inflow.js';
import { RETRY_MS } from './limits.js';
import type { Route } from './route.js';

export interface InflowsOptions {
  readonly link: Link;
  readonly clock: Clock;
  /** Begins the ids of its flows: nobody else's, and not those of an earlier process of this node. */
  readonly owner: string;
}

/** As many nodes as a tree is taken to have; anyone can make names up. */
const MOST_HEARD = 50_000;

export class Inflows {
  private readonly flows = new Map<string, Inflow>();
  private readonly perHop = new Map<string, number>();
  /** Nodes that have been heard here, so that a flow from them will come through. */
  private readonly heard = new Set<string>();
  private timer: NodeJS.Timeout | null = null;
  private opened = 0;
  private stopped = false;

  constructor(private readonly options: InflowsOptions) {}

  async start(): Promise<void> {
    const filters = Array.from({ length: MAX_NAMES }, (_, at) =>
      hopTopic(
        Array<string>(at + 1)
          .fill('+')
          .join('/'),
        '_log',
      ),
    );
    await this.options.link.subscribe(filters, message => this.receive(message));
  }

  /** Those open now. */
  get size(): number {
    return this.flows.size;
  }

  /** Throws `shutting-down`. */
  open(route: Route, wish: FlowWish): Inflow {
    if (this.stopped) throw new CanopyError('shutting-down', 'the node is being stopped');
    const { clock, owner } = this.options;
    const { hop } = route;
    this.perHop.set(hop, (this.perHop.get(hop) ?? 0) + 1);
    this.opened += 1;
    const flow = new Inflow(`${owner}-${this.opened}`, route, wish, {
      send: ask => this.send(hop, ask),
      window: () => windowOf(this.perHop.get(hop) ?? 1),
      now: () => clock.mono(),
    });
    this.flows.set(flow.id, flow);
    this.timer ??= setInterval(() => this.tick(), RETRY_MS);
    return flow;
  }

  close(flow: Inflow): void {
    if (!this.flows.delete(flow.id)) return;
    flow.close();
    const { hop } = flow.route;
    const left = (this.perHop.get(hop) ?? 1) - 1;
    if (left > 0) this.perHop.set(hop, left);
    else this.perHop.delete(hop);
    if (this.flows.size === 0 && this.timer) clearInterval(this.timer);
    if (this.flows.size === 0) this.timer = null;
  }

  /** What came or may yet come by this hop is worth nothing any more. */
  broken(hop: string, why: string): void {
    for (const flow of this.flows.values()) if (flow.route.hop === hop) flow.fail(new FlowBroken(why));
  }

  /** Whether this hop hands logs on to here, as far as is known. */
  hears(hop: string): boolean {
    return this.heard.has(hop);
  }

  /** It is gone: what answers there next may be another one. */
  forget(path: string): void {
    for (const hop of this.heard) if (hop === path || hop.startsWith(`${path}/`)) this.heard.delete(hop);
  }

  /** Hops by which something flows now. */
  hops(): Iterable<string> {
    return this.perHop.keys();
  }

  stop(): void {
    this.stopped = true;
    for (const flow of [...this.flows.values()]) {
      flow.fail(new FlowBroken('this node is being stopped'));
      this.close(flow);
    }
  }

  private tick(): void {
    for (const flow of this.flows.values()) flow.tick();
  }

  private send(hop: string, ask: Omit<FlowAsk, 'v'>): void {
    const topic = hopTopic(hop, '_flow');
    this.options.link.publish({ topic, payload: encodeAsk(ask), qos: 0, retain: false });
  }

  private receive({ topic, payload, retain }: Message): void {
    const place = splitHopTopic(topic);
    if (place === null || retain) return;
    try {
      const message = decodeFlow(payload);
      const { flow: id, hello } = message.head;
      if (this.heard.size < MOST_HEARD) this.heard.add(place.path);
      if (hello) {
        this.broken(place.path, 'the node has begun anew');
        this.send(place.path, { hello: place.path });
      }
      const flow = id === undefined ? undefined : this.flows.get(id);
      if (flow?.route.hop === place.path) flow.receive(message);
      // Of an earlier process of ours, or closed by a message that was lost; not an answer to its end.
      else if (id !== undefined && this.isOurs(id) && !message.head.gone)
        this.send(place.path, { flow: id, close: true });
    } catch (error) {
      if (!(error instanceof MalformedPayload)) throw error;
    }
  }

  private isOurs(id: string): boolean {
    return id.startsWith(this.options.owner.split('@')[0] as string);
  }
}
