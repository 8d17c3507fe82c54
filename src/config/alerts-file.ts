/** Who is told of what: the rules and receivers of an alerts file. */
import { readFileSync, statSync } from 'node:fs';
import type { AlertReceiver, AlertsConfig } from '../core/alert.js';
import { ReceiverReader } from './alerts-receivers.js';
import { RuleReader } from './alerts-rules.js';
import { SecretReader } from './alerts-secret.js';
import { Findings } from './problems.js';
import { type Spot, YamlReader } from './yaml-reader.js';

const MOST_BYTES = 1024 * 1024;
const OTHERS = 0o077;

/**
 * `env`: where `env:` of a secret looks.
 * @throws ConfigError that lists every problem, with line and column and without what is or may be a secret
 */
export function loadAlerts(file: string, env: NodeJS.ProcessEnv): AlertsConfig {
  const findings = new Findings();
  const text = textOf(file, findings);
  findings.throwIfAny();
  const opened = YamlReader.open(file, text, findings);
  const config = opened && readAlerts(opened.reader, opened.top, { file, env, findings });
  findings.throwIfAny();
  if (!config) throw new Error('a file without alerts must have a problem');
  return config;
}

interface Reading {
  readonly file: string;
  readonly env: NodeJS.ProcessEnv;
  readonly findings: Findings;
}

function textOf(file: string, findings: Findings): string {
  try {
    const found = statSync(file);
    if (found.isFile() && found.size <= MOST_BYTES) return readFileSync(file, 'utf8');
    const what = found.isFile() ? `${found.size} bytes` : 'no file';
    findings.add('unreadable', file, `an alerts file of at most ${MOST_BYTES} bytes`, what);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    findings.add('unreadable', file, 'an alerts file', code === 'ENOENT' ? 'no such file' : message);
  }
  return '';
}

function readAlerts(reader: YamlReader, top: Spot, reading: Reading): AlertsConfig | null {
  const { file, env, findings } = reading;
  const fields = reader.fields(top, 'rules and receivers', ['rules', 'receivers']);
  if (fields === null) return null;
  for (const key of ['rules', 'receivers'])
    if (!fields.has(key)) findings.add('missing', `${file} ${key}`, `a list of ${key}`, 'none');
  const listed = (key: string): Spot[] => {
    const spot = fields.get(key);
    if (spot && !reader.isList(spot)) reader.wrong(spot, `a list of ${key}`);
    return spot && reader.isList(spot) ? reader.items(spot) : [];
  };
  const secrets = new SecretReader(file, env, findings, reader);
  const receivers = readReceivers(reader, listed('receivers'), secrets, findings);
  const ruler = new RuleReader(reader, findings, receivers.names);
  const rules = listed('rules').map(spot => ruler.rule(spot));
  const names = rules.map(rule => rule?.name ?? '');
  unique(listed('rules'), names, 'rule', findings);
  checkPrivate(file, secrets.inline, findings);
  return { rules: rules.filter(rule => rule !== null), receivers: receivers.made };
}

function readReceivers(reader: YamlReader, spots: Spot[], secrets: SecretReader, findings: Findings) {
  const maker = new ReceiverReader(reader, findings, secrets);
  const namer = new RuleReader(reader, findings, []);
  const names: string[] = [];
  const made: AlertReceiver[] = [];
  for (const spot of spots) {
    const given = reader.isMap(spot) ? quietly(reader, spot) : null;
    const name = namer.name(given ?? undefined, 'receiver');
    if (reader.isMap(spot) && given === null)
      findings.add('missing', `${spot.where}.name`, 'the name of a receiver', 'none');
    names.push(name);
    const receiver = maker.receiver(spot, name);
    if (receiver) made.push(receiver);
  }
  unique(spots, names, 'receiver', findings);
  return { names: names.filter(name => name !== ''), made };
}

/** Its name, whatever else is in it: rules that name a receiver that is wrong are not wrong for it. */
const quietly = (reader: YamlReader, spot: Spot): Spot | null =>
  reader.fields(spot, 'a receiver', null)?.get('name') ?? null;

function unique(spots: Spot[], names: readonly string[], what: string, findings: Findings): void {
  names.forEach((name, at) => {
    if (name !== '' && names.indexOf(name) !== at)
      findings.add(
        'duplicate',
        `${spots[at]?.where}.name`,
        `a ${what} of another name`,
        JSON.stringify(name),
      );
  });
}

/** A file with secrets in it is for its owner alone; one that names where they are may be read by all. */
function checkPrivate(file: string, inline: readonly string[], findings: Findings): void {
  const [first] = inline;
  if (first === undefined) return;
  const mode = statSync(file).mode & 0o777;
  if ((mode & OTHERS) !== 0)
    findings.add(
      'loose-permissions',
      first,
      `mode 0600 of ${file}, for a secret stands here (or env: or file: instead of it)`,
      `0${mode.toString(8)}`,
    );
}
