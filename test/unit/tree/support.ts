/** What a node with a broker is made of, put together as src/compose does, over a real broker. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Origin } from '../../../broker/rules.js';
import { Registry } from '../../../src/core/registry.js';
import { Publisher } from '../../../src/node/publisher.js';
import type { Payloads } from '../../../src/protocol/payloads.js';
import { Desk } from '../../../src/tree/desk.js';
import { Forgetting } from '../../../src/tree/forgetting.js';
import { Ingest } from '../../../src/tree/ingest.js';
import { Roster } from '../../../src/tree/roster/roster.js';
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

const quiet = { info: () => {}, warn: () => {}, error: () => {} };

/** One that is in no file that outlives the test process. */
export function openRoster({ registry, clock }: Pick<Below, 'registry' | 'clock'>): Roster {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-roster-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  return new Roster(join(dir, 'roster.jsonl'), { registry, clock, most: 1000, log: quiet });
}

export function openForgetting(below: Below, roster = openRoster(below)): Forgetting {
  const { registry, clock, publisher, place, ingest } = below;
  const desk = new Desk(registry, place.link, clock);
  const forgetting = new Forgetting({ registry, clock, publisher, desk, roster, log: quiet });
  for (const listener of [desk, roster, forgetting]) ingest.listen(listener);
  ingest.buried = (path, epoch) => roster.graves.holds(path, epoch);
  return forgetting;
}
