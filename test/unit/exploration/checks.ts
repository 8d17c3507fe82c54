/** What must hold in every world, and what the truth is once things have settled. */
import type { Status } from '../../../src/core/facts.js';
import { verdict } from '../../../src/core/verdict.js';
import { breach } from './breach.js';
import type { Seat } from './seat.js';
import { clock, INTERVAL_MS } from './time.js';
import type { Ghost, World } from './world.js';

/** Milliseconds. A child that is not heard is lost after its timeout, and what was on the wire may be as old once more. */
const UP_MS = 4 * INTERVAL_MS;
/** Below a child nothing is held true for more than six intervals. */
const UP_BELOW_MS = UP_MS + 6 * INTERVAL_MS;
/** The next heartbeat tells that it is there. */
const DOWN_MS = INTERVAL_MS;
/** The relay knows it first. */
const DOWN_BELOW_MS = 2 * INTERVAL_MS;
/** After a sleep a child may take two intervals to be back. */
const SLEPT_MS = 2 * INTERVAL_MS;

const isAwake = (seat: Seat): boolean => seat.alive && !seat.frozen;
const isRunning = ({ leaf }: World): boolean => leaf.alive && leaf.version % 2 === 0;
const isJoined = ({ cut, up, open }: World['low']): boolean => !cut && up !== 0 && up === open;

/** What the one who looks from outside knows after a move. */
export function witnessed(world: World): Ghost {
  const { ghost, mono, m, low, high, leaf } = world;
  const isOk = isRunning(world) && isJoined(low) && isAwake(m);
  const isMissed = isAwake(m) && mono - m.turnedAt > SLEPT_MS && !isJoined(low);
  const isAmissHere = !isRunning(world) || low.cut || isMissed || !leaf.alive;
  const isRelayOk = isAwake(m) && isJoined(high) && isAwake(world.r);
  const relay = world.r.registry.get('m');
  const isHidden =
    !world.r.alive || relay === undefined || relay.link !== 'online' || relay.restoredAt !== null;
  return {
    hiddenAt: isHidden ? mono : ghost.hiddenAt,
    okAt: isOk ? mono : ghost.okAt,
    amissAt: isOk ? ghost.amissAt : mono,
    amissHereAt: isAmissHere ? mono : ghost.amissHereAt,
    relayOkAt: isRelayOk ? mono : ghost.relayOkAt,
    relayAmissAt: isRelayOk ? ghost.relayAmissAt : mono,
    touched: ghost.touched || !isOk,
  };
}

export function statusOf(seat: Seat, path: string): Status | null {
  const record = seat.registry.get(path);
  return record ? verdict(seat.registry, record).status : null;
}

function hold(seat: Seat, path: string, up: [at: number, ms: number], down: [at: number, ms: number]): void {
  const status = statusOf(seat, path);
  const [since, bound] = status === 'up' ? up : down;
  if (status !== 'up' && status !== 'down') return;
  const age = clock.mono() - since;
  if (age > bound)
    breach(
      `${seat.kind}: ${path} is ${status}, and for ${age} ms it has been ${status === 'up' ? 'gone' : 'well'}`,
    );
}

/** No `up` for what is gone beyond its bound, no `down` for what is merely hidden, nothing told of who was never touched. */
export function check(world: World): void {
  const { m, r, ghost, low, high, mono } = world;
  // It is told in order what happened, and what is behind it nobody can know yet.
  const isBehind = low.states.length > low.delivered;
  const amissHereAt = isBehind ? mono : ghost.amissHereAt;
  if (isAwake(m)) hold(m, 'l', [Math.max(ghost.okAt, m.turnedAt), UP_MS], [amissHereAt, DOWN_MS]);
  if (!isAwake(r)) return;
  hold(r, 'm', [ghost.relayOkAt, UP_MS], [ghost.relayAmissAt, DOWN_MS]);
  // What was so before an outage counts no more after it.
  const upMs = ghost.hiddenAt > mono - UP_BELOW_MS ? mono - ghost.hiddenAt + 2 * INTERVAL_MS : UP_BELOW_MS;
  const amissAt = isBehind || high.states.length > high.delivered ? mono : ghost.amissAt;
  hold(r, 'm/l', [ghost.okAt, upMs], [amissAt, DOWN_BELOW_MS]);
  if (ghost.touched) return;
  for (const { path, from, to } of r.transitions)
    if (path === 'm/l') breach(`the root tells ${path} ${from}>${to}, and nothing has happened to it`);
}

/** What is so, as far as each can know once it has settled; null where all is told right. */
export function untruth(world: World): string | null {
  const { m, r, low, high, leaf } = world;
  const joined = leaf.alive && isJoined(low);
  const own: Status = joined && isRunning(world) ? 'up' : 'down';
  const found: string[] = [];
  const expect = (seat: Seat, path: string, status: Status): void => {
    const seen = statusOf(seat, path);
    if (seen === null) return;
    if (seen !== status) found.push(`${seat.kind} says ${path} is ${seen}, and it is ${status}`);
    const told = seat.lastTold.get(path);
    if (seen !== 'unreachable' && told !== seen)
      found.push(`${seat.kind} has told ${path} ${told}, and says ${seen}`);
    const pid = seat.registry.get(path)?.pid;
    const truth = path === 'm' ? m.epoch : leaf.epoch * 100 + leaf.version;
    const isHeard = path === 'm' ? true : joined;
    if (status !== 'unreachable' && isHeard && status === 'up' && pid !== truth)
      found.push(`${seat.kind} knows ${pid} of ${path}, and it is ${truth}`);
  };
  if (isAwake(m)) expect(m, 'l', own);
  if (isAwake(r)) {
    const isThere = isAwake(m) && isJoined(high);
    expect(r, 'm', isThere ? 'up' : 'down');
    expect(r, 'm/l', isThere ? own : 'unreachable');
  }
  return found.length > 0 ? found.join('; ') : null;
}
