/** Some of the leaves that a command fits, by a strategy: those that it makes sense for, and never an unfit one. */
import { lastName, parentOf } from '../core/names.js';
import type { NodeRecord } from '../core/node-record.js';
import { type Candidate, choose, type Strategy } from './choose.js';
import { fitnessOf, isFit, type Reader } from './fitness.js';
import { loadOf, startLoadOf } from './load.js';

/** Of a machine that hasn't said its name, the relay that it is under stands for it. */
const groupOf = ({ host, path }: NodeRecord): string => host?.name ?? (parentOf(path) || lastName(path));

/** Whether it makes sense to choose this leaf for this command. */
function isEligible(registry: Reader, record: NodeRecord, op: string, mono: number): boolean {
  if (op === 'start') return fitnessOf(registry, record, mono) === 'free';
  if (op === 'stop' || op === 'restart' || op === 'signal')
    return fitnessOf(registry, record, mono) === 'running';
  return isFit(registry, record, mono) && fitnessOf(registry, record, mono) !== 'ailing';
}

export function picked(
  registry: Reader,
  leaves: readonly NodeRecord[],
  { op, count, strategy, mono }: { op: string; count: number; strategy: Strategy; mono: number },
): NodeRecord[] {
  const running = (record: NodeRecord): number => Number(fitnessOf(registry, record, mono) === 'running');
  const eligible = new Set(leaves.filter(record => isEligible(registry, record, op, mono)));
  // What already runs on a machine counts for spread and pack, whether or not it is chosen from.
  const candidates = leaves.map(
    (record): Candidate => ({
      key: record.path,
      group: groupOf(record),
      load: op === 'start' ? startLoadOf(record) : loadOf(record),
      room: eligible.has(record) ? 1 : 0,
      count: op === 'start' ? running(record) : 0,
      step: 0,
    }),
  );
  const chosen = new Set(choose(candidates, count, strategy));
  return leaves.filter(({ path }) => chosen.has(path));
}
