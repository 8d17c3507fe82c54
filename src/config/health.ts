/** What a leaf's settings say of its health, and where they contradict. */
import { PROBES } from '../core/probes.js';
import type { Check } from '../process/check.js';
import type { GivenSettings } from './given.js';
import { type DetailKey, detailsOf, type ProbeKey, parseCheck, probesFrom } from './probes.js';
import type { Findings } from './problems.js';
import { shown } from './problems.js';
import { bytesOf } from './schemas.js';
import { type NodeSettings, SETTINGS, type SettingKey, type Values } from './settings.js';

type Health = Pick<NodeSettings, 'probes' | 'memory'>;

interface Source {
  readonly given: GivenSettings;
  /** Of these, what was given to this very node; all of them, where there are no defaults. */
  readonly own?: GivenSettings;
  readonly env: NodeJS.ProcessEnv;
  spell(key: SettingKey): string;
}

export function healthOf(source: Source, values: Values, findings: Findings): Health {
  const check = (key: ProbeKey): Check | null => checkOf(key, source, values, findings);
  const detail = (key: DetailKey): number => values[key] ?? SETTINGS[key].fallback ?? 0;
  for (const name of PROBES) checkDetails(`${name}_probe`, source, findings);
  return { probes: probesFrom(check, detail), memory: memoryOf(source, values, findings) };
}

function checkOf(key: ProbeKey, source: Source, values: Values, findings: Findings): Check | null {
  const given = source.given.get(key);
  const text = values[key];
  if (!given || text === undefined) return null;
  const check = parseCheck(text, source.env);
  if (!('problem' in check)) return check;
  findings.add('invalid-value', given.where, check.problem, shown(given.text));
  return null;
}

/** Among the defaults of a tree they may be for others. */
function checkDetails(key: ProbeKey, { given, own = given, spell }: Source, findings: Findings): void {
  if (given.has(key)) return;
  for (const detail of detailsOf(key)) {
    const lone = own.get(detail);
    if (lone) findings.add('missing', lone.where, `${spell(key)} beside it`, 'none');
  }
}

function memoryOf(source: Source, values: Values, findings: Findings): Health['memory'] {
  const [warn, max] = [values.memory_warn, values.memory_max].map(text => bytesOf(text ?? ''));
  const where = source.given.get('memory_warn')?.where;
  if (where && warn != null && max != null && warn >= max)
    findings.add(
      'conflict',
      where,
      `less than ${source.spell('memory_max')} (${values.memory_max})`,
      values.memory_warn ?? '',
    );
  return { warn: warn ?? null, max: max ?? null };
}
