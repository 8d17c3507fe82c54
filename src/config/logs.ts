/** How much of what its target writes a leaf keeps. */

import type { GivenSettings } from './given.js';
import { LOGS } from './groups/logs.js';
import { type Findings, shown } from './problems.js';
import { bytesOf } from './schemas.js';
import type { NodeSettings, SettingKey, Values } from './settings.js';

interface Source {
  readonly given: GivenSettings;
  spell(key: SettingKey): string;
  place(key: SettingKey): string;
}

const LEAST_SEGMENT = 64 * 1024;

export function logsOf(source: Source, values: Values, findings: Findings): NodeSettings['logs'] {
  const size = (key: 'log_max_bytes' | 'log_segment_bytes'): number =>
    bytesOf(values[key] ?? LOGS[key].fallback ?? '') ?? 0;
  const where = (key: SettingKey): string => source.given.get(key)?.where ?? source.place(key);
  const [maxBytes, segmentBytes] = [size('log_max_bytes'), size('log_segment_bytes')];
  if (segmentBytes < LEAST_SEGMENT)
    findings.add('invalid-value', where('log_segment_bytes'), 'at least 64K', shown(`${segmentBytes} bytes`));
  if (maxBytes < 2 * segmentBytes)
    findings.add(
      'conflict',
      where('log_max_bytes'),
      `at least twice ${source.spell('log_segment_bytes')} (${segmentBytes} bytes)`,
      `${maxBytes} bytes`,
    );
  const age = values.log_max_age ?? 0;
  return {
    maxBytes,
    segmentBytes,
    maxAgeMs: age === 0 ? null : age * 1000,
    capture: (values.log_capture ?? 'auto') as NodeSettings['logs']['capture'],
  };
}
