/** Times and shares that contradict each other. */
import type { GivenSettings } from './given.js';
import type { Findings } from './problems.js';
import type { NodeSettings, Role, SettingKey } from './settings.js';

interface Case {
  readonly source: {
    readonly given: GivenSettings;
    spell(key: SettingKey): string;
    place(key: SettingKey): string;
  };
  readonly role: Role;
  readonly findings: Findings;
}

export function checkDurations({ source, role, findings }: Case, settings: NodeSettings): void {
  const where = (key: SettingKey): string => source.given.get(key)?.where ?? source.place(key);
  const { hbInterval, timeout, backoffMin, backoffMax } = settings;
  const ownInterval = `its own ${source.spell('hb_interval')} (${hbInterval} s)`;
  if (role === 'leaf') {
    if (backoffMin > backoffMax)
      findings.add(
        'conflict',
        where('backoff_max'),
        `at least ${source.spell('backoff_min')} (${backoffMin} s)`,
        `${backoffMax} s`,
      );
  } else if (timeout <= hbInterval) {
    findings.add(
      'timeout-too-low',
      where('timeout'),
      `more than ${ownInterval}, better twice that`,
      `${timeout} s`,
    );
  } else if (timeout < 2 * hbInterval) {
    findings.warn(
      where('timeout'),
      `${timeout} s is less than twice ${ownInterval}: one late heartbeat may lose a child`,
    );
  }
}

export function checkFlapping({ source, findings }: Case, { flapHigh, flapLow }: NodeSettings): void {
  if (flapLow < flapHigh) return;
  const where = source.given.get('flap_low')?.where ?? source.place('flap_low');
  findings.add('conflict', where, `less than ${source.spell('flap_high')} (${flapHigh} %)`, `${flapLow} %`);
}
