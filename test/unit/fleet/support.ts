/** The fleet of a node over a real broker, with leaves that say what the test has them say. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Fleet } from '../../../src/fleet/fleet.js';
import type { Outcome } from '../../../src/node/responder.js';
import { asCommand } from '../../../src/protocol/commands.js';
import type { Payloads } from '../../../src/protocol/payloads.js';
import { Desk } from '../../../src/tree/desk.js';
import { until } from '../../support/wait.js';
import { beatOf, EPOCH, message, openBelow, resultOf, stateOf } from '../tree/support.js';

export type Facts = Pick<
  Payloads['state'],
  'phase' | 'health' | 'desired' | 'labels' | 'maintenance' | 'host'
>;
export const UP = { phase: 'running', health: 'passing', desired: 'running' } as const;
export const STANDBY = { phase: 'stopped', health: 'unknown', desired: 'stopped' } as const;

export const STOPPING = { ...STANDBY, phase: 'stopping' } as const;

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
  let seq = 0;
  let answered = 0;
  const say = async (path: string, channel: string, value: unknown) => {
    place.link.publish(message(`canopy/${path}/${channel}`, value));
    await place.link.flush(5000);
  };
  /** A leaf that goes on says how it stands and beats. */
  const tells = async (path: string, facts: Facts) => {
    const epoch = epochs.get(path) as number;
    seq += 1;
    await say(path, 'state', stateOf({ ...facts, epoch }));
    await say(path, 'hb', beatOf({ ...facts, epoch, seq, load: load[path] ?? 0.5 }));
  };
  /** One that begins anew. */
  const stands = async (path: string, facts: Facts) => {
    epoch += 1;
    epochs.set(path, epoch);
    await tells(path, facts);
  };
  const lost = (path: string) =>
    say(path, 'state', stateOf({ ...UP, epoch: epochs.get(path) as number, link: 'lost', reason: 'will' }));
  const sent = () => place.said('cmd');
  const ordered = async () => (await sent()).map(({ path, value }) => `${value.op} ${path}`);
  /** The command that is sent next is to be this one; the leaf stands so by it, which it says before it answers. */
  const carriesOut = async (order: string, facts: Facts, more: Partial<Payloads['res']> = {}) => {
    const nth = answered++;
    const { path, value } = await until(async () => (await sent())[nth], 10_000, order);
    assert.equal(`${value.op} ${path}`, order);
    await tells(path, facts);
    await say(path, 'res', resultOf({ id: value.id, op: value.op, ...more }));
  };
  /** The last word on the command that was sent as the nth, from 0. */
  const answers = async (nth: number, more: Partial<Payloads['res']>) => {
    const { path, value } = (await sent())[nth] as Awaited<ReturnType<typeof sent>>[number];
    await say(path, 'res', resultOf({ id: value.id, op: value.op, ...more }));
  };
  return { fleet, clock, sent, stands, tells, lost, ordered, carriesOut, answers };
}

export type Plan = Awaited<ReturnType<typeof openFleet>>['fleet']['plan'];

let commands = 0;
/** Begins a command to this node. */
export const begin = (
  plan: Plan,
  op: string,
  args: object = {},
  more: object = {},
  told: (data: unknown) => void = () => {},
): Promise<Outcome> => {
  commands += 1;
  const command = { id: `command ${commands}`, op, select: { app: 'web' }, args, ...more };
  return plan(asCommand(command))(told) as Promise<Outcome>;
};
