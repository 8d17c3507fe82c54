/** The fleet of a node over a real broker, with leaves that say what the test has them say. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Fleet } from '../../../src/fleet/fleet.js';
import type { Payloads } from '../../../src/protocol/payloads.js';
import { Desk } from '../../../src/tree/desk.js';
import { until } from '../../support/wait.js';
import { beatOf, EPOCH, message, openBelow, resultOf, stateOf } from '../tree/support.js';

export type Facts = Pick<Payloads['state'], 'phase' | 'health' | 'desired'>;
export const UP = { phase: 'running', health: 'passing', desired: 'running' } as const;
export const STANDBY = { phase: 'stopped', health: 'unknown', desired: 'stopped' } as const;

/** `load` by path. */
export async function openFleet(t: TestContext, load: Record<string, number> = {}) {
  const { place, registry, ingest, clock, publisher } = await openBelow();
  const desk = new Desk(registry, place.link, clock);
  ingest.listen(desk);
  const dir = mkdtempSync(join(tmpdir(), 'canopy-fleet-'));
  const log = { info() {}, warn() {} };
  const ordersFile = join(dir, 'orders.json');
  const fleet = new Fleet({ name: 'root', registry, desk, publisher, clock, ordersFile, log });
  t.after(async () => {
    fleet.keeper.stop();
    desk.stop();
    await place.close();
    rmSync(dir, { recursive: true });
  });
  let epoch = EPOCH;
  const epochs = new Map<string, number>();
  let answered = 0;
  const say = async (path: string, channel: string, value: unknown) => {
    place.link.publish(message(`canopy/${path}/${channel}`, value));
    await place.link.flush(5000);
  };
  /** A leaf that begins anew, or goes on, says how it stands and beats. */
  const stands = async (path: string, facts: Facts) => {
    epoch += 1;
    epochs.set(path, epoch);
    await say(path, 'state', stateOf({ ...facts, epoch }));
    await say(path, 'hb', beatOf({ ...facts, epoch, load: load[path] ?? 0.5 }));
  };
  const lost = (path: string) =>
    say(path, 'state', stateOf({ ...UP, epoch: epochs.get(path) as number, link: 'lost', reason: 'will' }));
  const ordered = async () => (await place.said('cmd')).map(({ path, value }) => `${value.op} ${path}`);
  /** The command that is sent next is to be this one; the leaf stands so by it, which it says before it answers. */
  const carriesOut = async (order: string, facts: Facts) => {
    const nth = answered++;
    const { path, value } = await until(async () => (await place.said('cmd'))[nth], 10_000, order);
    assert.equal(`${value.op} ${path}`, order);
    await stands(path, facts);
    await say(path, 'res', resultOf({ id: value.id, op: value.op }));
  };
  return { fleet, clock, stands, lost, ordered, carriesOut };
}
