/** The rules of an alerts file. */
import { ALERT_STATUSES, type AlertMatch, type AlertRule, type AlertStatus } from '../core/alert.js';
import type { Kind } from '../core/facts.js';
import { isLabel, LABEL_RULE } from '../core/labels.js';
import { isName } from '../core/names.js';
import { nearest } from './given.js';
import { type Findings, shown } from './problems.js';
import type { Fields, Spot, YamlReader } from './yaml-reader.js';

const KEYS = ['name', 'match', 'status', 'for', 'severity', 'to', 'remind'];
const KINDS = ['leaf', 'relay'] as const;
const SPAN = /^(?:\d{1,9}(?:ms|s|m|h|d))+$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const LONGEST_MS = 366 * 86_400_000;
export const SPAN_RULE = 'a time such as 30s, 5m or 1h30m, of 366d at most';
export const NAME_SHAPE = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;
export const ALERT_NAME_RULE = 'a letter or digit, then up to 62 of A-Z a-z 0-9 _ . -';

/** Milliseconds; null, reported, for what is none. A number alone is seconds, as in the settings. */
export function spanOf(reader: YamlReader, spot: Spot): number | null {
  const text = reader.text(spot, SPAN_RULE);
  if (text === null) return null;
  const plain = /^\d{1,9}(\.\d{1,3})?$/.test(text) ? Number(text) * 1000 : Number.NaN;
  const parts = SPAN.test(text) ? [...text.matchAll(/(\d+)([a-z]+)/g)] : [];
  const ms =
    parts.length === 0
      ? plain
      : parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNIT_MS[unit] ?? 0), 0);
  return ms <= LONGEST_MS ? ms : reader.wrong(spot, SPAN_RULE, shown(text));
}

export class RuleReader {
  constructor(
    private readonly reader: YamlReader,
    private readonly findings: Findings,
    private readonly receivers: readonly string[],
  ) {}

  /** Null where it could not be read, which is reported. */
  rule(spot: Spot): AlertRule | null {
    const fields = this.reader.fields(spot, 'a rule', KEYS);
    if (fields === null) return null;
    const missing = ['name', 'status', 'to'].filter(key => !fields.has(key));
    for (const key of missing) this.findings.add('missing', `${spot.where}.${key}`, ABOUT[key] ?? '', 'none');
    const span = (key: string): number | null => {
      const given = fields.get(key);
      return given ? spanOf(this.reader, given) : null;
    };
    return {
      name: this.name(fields.get('name'), 'rule'),
      match: this.match(fields),
      statuses: this.words(fields.get('status'), ALERT_STATUSES) as AlertStatus[],
      forMs: span('for') ?? 0,
      severity: fields.has('severity') ? this.name(fields.get('severity'), 'severity') : 'warning',
      to: this.words(fields.get('to'), this.receivers),
      remindMs: this.positive(fields.get('remind'), span('remind')),
    };
  }

  name(spot: Spot | undefined, what: string): string {
    if (!spot) return '';
    const text = this.reader.text(spot, `the name of a ${what}: ${ALERT_NAME_RULE}`) ?? '';
    if (text !== '' && !NAME_SHAPE.test(text)) this.reader.wrong(spot, ALERT_NAME_RULE, shown(text));
    return text;
  }

  private positive(spot: Spot | undefined, ms: number | null): number | null {
    if (spot && ms !== null && ms < 1000) this.reader.wrong(spot, 'at least 1s', `${ms} ms`);
    return ms;
  }

  private match(fields: Fields): AlertMatch {
    const none = { paths: [], apps: [], kinds: [], labels: [] };
    const spot = fields.get('match');
    const given =
      spot && this.reader.fields(spot, 'what nodes it is about', ['path', 'app', 'label', 'kind']);
    if (!given) return none;
    return {
      paths: this.texts(given.get('path'), PATH_RULE, isPattern),
      apps: this.texts(given.get('app'), 'the name of an app', () => true),
      kinds: this.words(given.get('kind'), KINDS) as Kind[],
      labels: this.texts(given.get('label'), LABEL_RULE, isLabel),
    };
  }

  private texts(spot: Spot | undefined, expected: string, fits: (text: string) => boolean): string[] {
    return (spot ? this.reader.items(spot) : []).flatMap(item => {
      const text = this.reader.text(item, expected);
      if (text !== null && !fits(text)) this.reader.wrong(item, expected, shown(text));
      return text ?? [];
    });
  }

  /** Of a few that are known. */
  private words(spot: Spot | undefined, known: readonly string[]): string[] {
    return (spot ? this.reader.items(spot) : []).flatMap(item => {
      const expected = known.length > 0 ? `one of ${known.join(', ')}` : 'a receiver, and there is none';
      const text = this.reader.text(item, expected);
      if (text === null || known.includes(text)) return text ?? [];
      const like = nearest(text, known);
      this.reader.wrong(item, expected, shown(text) + (like && `, did you mean ${JSON.stringify(like)}?`));
      return [];
    });
  }
}

const ABOUT: Readonly<Record<string, string>> = {
  name: 'the name of a rule',
  status: `one of ${ALERT_STATUSES.join(', ')}`,
  to: 'names of receivers',
};

const PATH_RULE = 'a path such as rack1 (and all below it), or with * for one name and ** for any: rack*/**';
const isPattern = (text: string): boolean =>
  text.length <= 1024 && text.split('/').every(part => part === '**' || isNamePattern(part));
const isNamePattern = (part: string): boolean =>
  /^[A-Za-z0-9_*-]{1,63}$/.test(part) && (part.includes('*') || isName(part));
