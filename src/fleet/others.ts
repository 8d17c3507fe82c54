/** What a `scale` waits for that others have begun, or have yet to say. */
import { isOf, type Service, type Unit } from '../balance/units.js';
import { isStandIn } from '../core/node-record.js';
import type { Registry } from '../core/registry.js';
import type { Errands } from './errands.js';

/** Paths of relays that are only just back, and have not said within `ms` what runs below them. */
export async function silentFor(
  errands: Errands,
  service: Service,
  ms: number,
  cut: AbortSignal,
): Promise<string[]> {
  const silent = (): string[] => silentRelays(errands.registry, service);
  await errands.eventually(() => silent().length === 0, performance.now() + ms, cut);
  return silent();
}

function silentRelays(registry: Registry, service: Service): string[] {
  const leaves = [...registry.all()].filter(record => record.kind === 'leaf' && isOf(record, service));
  return registry.childrenOf('').filter(path => {
    const record = registry.get(path);
    const isSilent = record?.kind === 'relay' && record.link === 'online' && record.beat === null;
    return isSilent && !isStandIn(record) && leaves.some(leaf => leaf.path.startsWith(`${path}/`));
  });
}

/** Paths of leaves that are counted as they have been told to be, and have not said that they are. */
export const ordered = (errands: Errands, units: readonly Unit[]): string[] =>
  units.map(({ path }) => path).filter(path => errands.ordered(path) !== null);

/** Waits for them; those that never answered. Throws the reason of the cut. */
export async function unanswered(
  errands: Errands,
  paths: readonly string[],
  cut: AbortSignal,
): Promise<string[]> {
  cut.throwIfAborted();
  const isCut = new Promise<void>(resolve => cut.addEventListener('abort', () => resolve(), { once: true }));
  const lost: string[] = [];
  const all = paths.map(async path => {
    if (!(await errands.answered(path))) lost.push(path);
  });
  await Promise.race([Promise.all(all), isCut]);
  cut.throwIfAborted();
  return lost;
}
