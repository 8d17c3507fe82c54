/** What a node with a broker is made of, put together as src/compose does, over a real broker. */
import type { Origin } from '../../../broker/rules.js';
import { Registry } from '../../../src/core/registry.js';
import { Publisher } from '../../../src/node/publisher.js';
import type { Payloads } from '../../../src/protocol/payloads.js';
import { Ingest } from '../../../src/tree/ingest.js';
import { EPOCH, Place, TestClock } from '../node/support.js';
import { SAMPLES } from '../protocol/support.js';

export { EPOCH, Place, TestClock } from '../node/support.js';

export const stateOf = (more: Partial<Payloads['state']> = {}): Payloads['state'] => ({
  ...SAMPLES.state,
  ...more,
});
export const beatOf = (more: Partial<Payloads['hb']> = {}): Payloads['hb'] => ({ ...SAMPLES.hb, ...more });
export const resultOf = (more: Partial<Payloads['res']> = {}): Payloads['res'] => ({
  ...SAMPLES.res,
  ...more,
});

/** Who says it: `name/instance` of a node, '/' for the owner of the broker, null for a stranger. */
export function by(who: string | null = null, via: Origin['via'] = 'publish'): Origin {
  const [name = '', instance = ''] = who?.split('/') ?? [];
  return { clientId: who ?? 'stranger', identity: who === null ? null : { name, instance }, who: null, via };
}

export const message = (topic: string, value: unknown, retain = false) => {
  const payload = Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value));
  return { topic, payload, qos: 1 as const, retain };
};

export interface Below {
  readonly place: Place;
  readonly registry: Registry;
  readonly ingest: Ingest;
  readonly clock: TestClock;
  readonly publisher: Publisher;
}

export async function openBelow(): Promise<Below> {
  const clock = new TestClock();
  const registry = new Registry();
  const ingest: Ingest = new Ingest(registry, clock, name => place.broker.holds(name));
  const place: Place = await Place.open(ingest.receive);
  return { place, registry, ingest, clock, publisher: new Publisher(place.link, '', EPOCH, clock) };
}
