/** Root, relay `m` and leaf `l`, and the two lines between them. Copied before it is changed. */
import type { Sent } from './insides.js';
import { Seat } from './seat.js';
import { setTime } from './time.js';

export interface Leaf {
  readonly alive: boolean;
  readonly epoch: number;
  readonly stateSeq: number;
  readonly beatSeq: number;
  /** Rises with each change of what it does, as its pid does; runs where it is even. */
  readonly version: number;
}

/** From a child to its parent. */
export interface Line {
  readonly cut: boolean;
  /** The connection that the child believes in, and the one that the parent does; 0: none. */
  readonly up: number;
  readonly open: number;
  /** Epoch of the process that made it, for its will. */
  readonly epoch: number;
  /** Epoch of an earlier connection whose will has still to fire; 0: none. */
  readonly late: number;
  /** On the wire, in order: QoS 0, gone with the connection. */
  readonly beats: readonly Sent[];
  /** QoS 1: kept until acknowledged (by the relay on disk), sent again from its begin on the next connection. */
  readonly states: readonly Sent[];
  /** Of those, delivered and not acknowledged yet. */
  readonly delivered: number;
  /** What is retained is to be said again once all else is. */
  readonly snapshot: boolean;
}

const LINE: Line = {
  cut: false,
  up: 0,
  open: 0,
  epoch: 0,
  late: 0,
  beats: [],
  states: [],
  delivered: 0,
  snapshot: false,
};

/** What only the one who looks from outside knows; monotonic ms. */
export interface Ghost {
  /** When the leaf was last running and connected to a relay that is awake, as the root and as the relay could know; when it last was not. */
  readonly okAt: number;
  readonly amissAt: number;
  readonly amissHereAt: number;
  /** When the root last held the relay for lost, or knew it from before only. */
  readonly hiddenAt: number;
  /** The same of the relay, at the root. */
  readonly relayOkAt: number;
  readonly relayAmissAt: number;
  /** Something has happened to the leaf, or to the relay under it. */
  readonly touched: boolean;
}

export class World {
  mono = 0;
  connections = 0;
  leaf: Leaf = { alive: true, epoch: 1, stateSeq: 0, beatSeq: 0, version: 2 };
  low: Line = LINE;
  high: Line = LINE;
  ghost: Ghost = {
    hiddenAt: 0,
    okAt: 0,
    amissAt: 0,
    amissHereAt: 0,
    relayOkAt: 0,
    relayAmissAt: 0,
    touched: true,
  };
  private constructor(
    private relay: Seat,
    private root: Seat,
    private ownsRelay: boolean,
    private ownsRoot: boolean,
  ) {}

  /** All started, nothing connected. */
  static begin(): World {
    setTime(0);
    const world = new World(Seat.start('relay', 1000), Seat.start('root', 1_000_000), true, true);
    world.said();
    return world;
  }

  copy(): World {
    const copy = new World(this.relay, this.root, false, false);
    const { mono, connections, leaf, low, high, ghost } = this;
    return Object.assign(copy, { mono, connections, leaf, low, high, ghost });
  }

  get m(): Seat {
    return this.relay;
  }
  get r(): Seat {
    return this.root;
  }
  /** To be changed. */
  get ownM(): Seat {
    if (!this.ownsRelay) this.relay = this.relay.copy();
    this.ownsRelay = true;
    return this.relay;
  }
  get ownR(): Seat {
    if (!this.ownsRoot) this.root = this.root.copy();
    this.ownsRoot = true;
    return this.root;
  }
  replace(seat: Seat): void {
    if (seat.kind === 'relay') [this.relay, this.ownsRelay] = [seat, true];
    else [this.root, this.ownsRoot] = [seat, true];
  }

  /** What the relay has said since goes on up: states into its spool, heartbeats where there is a line. */
  said(): void {
    if (!this.ownsRelay || this.relay.said.length === 0) return;
    const above = this.relay.said.map(sent => ({ ...sent, path: sent.path ? `m/${sent.path}` : 'm' }));
    this.relay.said = [];
    const { states, beats, up } = this.high;
    const kept = above.filter(({ channel }) => channel === 'state');
    const sent = up ? above.filter(({ channel }) => channel === 'hb') : [];
    this.high = { ...this.high, states: [...states, ...kept], beats: [...beats, ...sent] };
  }
}
