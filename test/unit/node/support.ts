/** A real broker with a link of its owner, a clock that a test owns, and what was published, decoded. */
import type { EmbeddedBroker } from '../../../broker/embedded.js';
import type { Link } from '../../../broker/link.js';
import type { Admit } from '../../../broker/rules.js';
import type { Clock } from '../../../src/core/clock.js';
import type { Channel } from '../../../src/core/names.js';
import { decode } from '../../../src/protocol/codec.js';
import { identify } from '../../../src/protocol/identity.js';
import type { Payloads } from '../../../src/protocol/payloads.js';
import { splitTopic, topicRules } from '../../../src/protocol/topics.js';
import { inState, startBroker } from '../../support/broker.js';

export const EPOCH = 1_790_000_000_000;

/** Wall and monotonic time that move only when told. */
export class TestClock implements Clock {
  wall = EPOCH + 1000;
  monotonic = 5000;
  now = (): number => this.wall;
  mono = (): number => this.monotonic;
  pass(ms: number): void {
    this.wall += ms;
    this.monotonic += ms;
  }
}

export interface Said<C extends Channel> {
  readonly path: string;
  readonly retain: boolean;
  readonly value: Payloads[C];
}

export class Place {
  private constructor(
    readonly broker: EmbeddedBroker,
    /** The owner's. */
    readonly link: Link,
    private readonly heard: { topic: string; payload: Buffer; retain: boolean }[],
  ) {}

  static async open(admit?: Admit): Promise<Place> {
    const { broker } = await startBroker({ rules: topicRules, identify, ...(admit && { admit }) });
    const link = broker.link({ name: '', instance: 'owner' });
    await inState(link, 'connected');
    const heard: { topic: string; payload: Buffer; retain: boolean }[] = [];
    await link.subscribe(['canopy/#'], message => heard.push(message));
    return new Place(broker, link, heard);
  }

  /** Everything published so far on a channel, in order; an empty payload is left out. */
  async said<C extends Channel>(channel: C): Promise<Said<C>[]> {
    await this.settled();
    return this.heard
      .map(({ topic, payload, retain }) => ({ place: splitTopic(topic), payload, retain }))
      .filter(({ place, payload }) => place?.channel === channel && payload.length > 0)
      .map(({ place, payload, retain }) => ({
        path: place?.path ?? '',
        retain,
        value: decode(channel, payload),
      }));
  }

  /** Topics and payloads as they came. */
  async raw(): Promise<{ topic: string; payload: string }[]> {
    await this.settled();
    return this.heard.map(({ topic, payload }) => ({ topic, payload: payload.toString() }));
  }

  close(): Promise<void> {
    return this.broker.close();
  }

  forgetHeard(): void {
    this.heard.length = 0;
  }

  /** What was published by now, from within callbacks too, has been delivered. */
  private async settled(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) {
      await new Promise(setImmediate);
      await this.link.flush(5000);
      await new Promise(setImmediate);
    }
  }
}
