/** The receivers of an alerts file. */
import type { AlertReceiver } from '../core/alert.js';
import { spanOf } from './alerts-rules.js';
import type { SecretReader } from './alerts-secret.js';
import { nearest } from './given.js';
import { type Findings, shown } from './problems.js';
import { isPlainTopic, isWebUrl, TOPIC_RULE } from './schemas.js';
import { splitTarget } from './target.js';
import type { Fields, Spot, YamlReader } from './yaml-reader.js';

const TIMEOUT_MS = 10_000;
const LONGEST_TIMEOUT_MS = 300_000;
const KINDS = {
  webhook: ['url', 'format', 'headers', 'secret', 'timeout'],
  mqtt: ['topic', 'qos', 'retain'],
  command: ['command', 'timeout'],
} as const;
type Kind = keyof typeof KINDS;
const HEADER = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;
/** What we say ourselves, and what a client of HTTP must not be told. */
const OWN_HEADERS =
  /^(content-length|content-type|host|connection|transfer-encoding|expect|upgrade|te|trailer|x-canopy-.*)$/i;

export class ReceiverReader {
  constructor(
    private readonly reader: YamlReader,
    private readonly findings: Findings,
    private readonly secrets: SecretReader,
  ) {}

  /** Null where it could not be read, which is reported. */
  receiver(spot: Spot, name: string): AlertReceiver | null {
    const all = ['name', ...Object.values(KINDS).flat()];
    const fields = this.reader.fields(spot, 'a receiver', all);
    if (fields === null) return null;
    const kind = this.kindOf(spot, fields);
    if (kind === null) return null;
    for (const [key, field] of fields)
      if (key !== 'name' && !(KINDS[kind] as readonly string[]).includes(key))
        this.findings.add('unknown-key', field.where, nearest(key, KINDS[kind]), JSON.stringify(key));
    return { name, ...this.made(kind, fields) };
  }

  private made(kind: Kind, fields: Fields) {
    if (kind === 'webhook') return this.webhook(fields);
    return kind === 'mqtt' ? this.mqtt(fields) : this.command(fields);
  }

  private kindOf(spot: Spot, fields: Fields): Kind | null {
    const kinds = (['url', 'topic', 'command'] as const).filter(key => fields.has(key));
    const [first] = kinds;
    if (kinds.length !== 1 || first === undefined)
      return this.reader.wrong(
        spot,
        'one of url (a webhook), topic (MQTT) and command',
        kinds.length === 0 ? 'none' : kinds.join(' and '),
      );
    return ({ url: 'webhook', topic: 'mqtt', command: 'command' } as const)[first];
  }

  private webhook(fields: Fields) {
    const format = this.choice(fields.get('format'), ['generic', 'slack'] as const, 'generic');
    // The address of a Slack webhook is all that it takes to write there.
    const isSecret = (url: string): boolean =>
      format === 'slack' ||
      (URL.canParse(url) && (new URL(url).search !== '' || new URL(url).username !== ''));
    const given = fields.get('url') as Spot;
    const url = this.secrets.read(given, 'http:// or https:// and a host', isSecret) ?? '';
    if (url !== '' && !isWebUrl(url))
      this.reader.wrong(given, 'http:// or https:// and a host, without name and password', 'something else');
    const secret = fields.get('secret');
    return {
      kind: 'webhook',
      url,
      format,
      headers: this.headers(fields.get('headers')),
      secret: secret ? this.secrets.read(secret, 'a secret to sign with', () => true) : null,
      timeoutMs: this.timeout(fields.get('timeout')),
    } as const;
  }

  private headers(spot: Spot | undefined): Record<string, string> {
    const found: Record<string, string> = {};
    const fields = spot && this.reader.fields(spot, 'names and values of headers', null);
    for (const [name, value] of fields ?? []) {
      const text = this.secrets.read(value, 'the value of a header', () => true);
      if (!HEADER.test(name) || OWN_HEADERS.test(name))
        this.reader.wrong(value, 'the name of a header that is not set by itself', shown(name));
      else if (text !== null && !/^[\t\x20-\x7e\x80-\xff]{0,8192}$/.test(text))
        this.reader.wrong(value, 'the value of a header, on one line', 'something else');
      else if (text !== null) found[name.toLowerCase()] = text;
    }
    return found;
  }

  private mqtt(fields: Fields) {
    const spot = fields.get('topic') as Spot;
    const topic = this.reader.text(spot, TOPIC_RULE) ?? '';
    if (topic !== '' && !isPlainTopic(topic)) this.reader.wrong(spot, TOPIC_RULE, shown(topic));
    const qos = this.choice(fields.get('qos'), ['0', '1'] as const, '1');
    const retain = this.choice(fields.get('retain'), ['true', 'false'] as const, 'false');
    return { kind: 'mqtt', topic, qos: qos === '0' ? 0 : 1, retain: retain === 'true' } as const;
  }

  private command(fields: Fields) {
    const spot = fields.get('command') as Spot;
    const timeoutMs = this.timeout(fields.get('timeout'));
    if (this.reader.isList(spot)) {
      const words = this.reader.items(spot).map(item => this.reader.text(item, 'a word') ?? '');
      if (words.length === 0) this.reader.wrong(spot, 'a program and its arguments', 'an empty list');
      return { kind: 'command', words, timeoutMs } as const;
    }
    const text = this.reader.text(spot, 'a program and its arguments') ?? '';
    const split = splitTarget(text, {});
    if (text !== '' && !('words' in split)) this.reader.wrong(spot, split.problem, shown(text));
    return { kind: 'command', words: 'words' in split ? split.words : [], timeoutMs } as const;
  }

  private timeout(spot: Spot | undefined): number {
    const ms = spot ? spanOf(this.reader, spot) : null;
    if (spot && ms !== null && (ms < 100 || ms > LONGEST_TIMEOUT_MS))
      this.reader.wrong(spot, 'a time from 100ms to 5m', `${ms} ms`);
    return ms ?? TIMEOUT_MS;
  }

  private choice<T extends string>(spot: Spot | undefined, words: readonly T[], fallback: T): T {
    const text = spot && this.reader.text(spot, `one of ${words.join(', ')}`);
    if (text == null || (words as readonly string[]).includes(text)) return (text ?? fallback) as T;
    this.reader.wrong(spot as Spot, `one of ${words.join(', ')}`, shown(text));
    return fallback;
  }
}
