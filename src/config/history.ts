/** What is kept of what happened, from settings that mean something only together. */
import type { GivenSettings } from './given.js';
import { HISTORY } from './groups/history.js';
import { type Findings, shown } from './problems.js';
import { bytesOf } from './schemas.js';
import type { NodeSettings, Values } from './settings.js';

const DAY_MS = 86_400_000;
const LEAST_BYTES = 2 ** 20;

/** `isServed`: the node has a broker, and serves REST. */
export function historyOf(
  { given }: { readonly given: GivenSettings },
  values: Values,
  isServed: boolean,
  findings: Findings,
): NodeSettings['history'] {
  const maxBytes = bytesOf(values.history_max_bytes ?? HISTORY.history_max_bytes.fallback ?? '') ?? 0;
  const written = given.get('history_max_bytes');
  if (written && maxBytes < LEAST_BYTES)
    findings.add('invalid-value', written.where, 'at least 1M', shown(written.text));
  if (!(values.history ?? isServed)) return null;
  return { maxBytes, maxAgeMs: (values.history_days ?? HISTORY.history_days.fallback ?? 0) * DAY_MS };
}
