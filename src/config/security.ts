/** What the security settings mean together: files, further listeners, and how the parent is spoken to. */
import { resolve } from 'node:path';
import { type BrokerAddress, isLoopback, isTls, parseBrokerUrl } from './address.js';
import type { GivenSettings } from './given.js';
import { type Findings, shown } from './problems.js';
import type { SecuritySettings, SettingKey, Values } from './settings.js';

interface Source {
  readonly given: GivenSettings;
  spell(key: SettingKey): string;
  place(key: SettingKey): string;
  readonly cwd: string;
}

/** One that makes no sense without the other. */
const PAIRS = [
  ['tls_cert', 'tls_key'],
  ['uplink_cert', 'uplink_key'],
] as const;

export function securityOf(source: Source, values: Values, findings: Findings): SecuritySettings {
  const file = (key: SettingKey): string | null => {
    const path = values[key];
    return typeof path === 'string' ? resolve(source.cwd, path) : null;
  };
  for (const [cert, key] of [...PAIRS, ...PAIRS.map(([cert, key]) => [key, cert] as const)]) {
    const lone = source.given.has(key) ? undefined : source.given.get(cert);
    if (lone) findings.add('missing', lone.where, `${source.spell(key)} beside it`, 'none');
  }
  const both = source.given.has('uplink_cert') ? source.given.get('secret_file') : undefined;
  if (both)
    findings.add('conflict', both.where, 'one proof of its name', `${source.spell('uplink_cert')} as well`);
  return {
    listen: listenOf(source, values, findings),
    cert: file('tls_cert'),
    key: file('tls_key'),
    ca: file('tls_ca'),
    parentCa: file('parent_ca'),
    uplinkCert: file('uplink_cert'),
    uplinkKey: file('uplink_key'),
    secretFile: file('secret_file'),
  };
}

const listed = (text = ''): string[] => text.split(',').flatMap(part => part.trim() || []);

function listenOf({ given }: Source, values: Values, findings: Findings): BrokerAddress[] {
  return listed(values.listen).flatMap(text => {
    const address = parseBrokerUrl(text, true);
    if (typeof address !== 'string') return [address];
    findings.add('invalid-value', given.get('listen')?.where ?? '', address, shown(text));
    return [];
  });
}

/** What is known of the parent, and what it must not be told in the clear. */
export function checkUplink({ given, spell }: Source, parent: BrokerAddress, findings: Findings): void {
  if (isTls(parent.scheme)) return;
  const ca = given.get('parent_ca');
  const url = given.get('parent_url');
  if (ca && url)
    findings.add('conflict', url.where, `mqtts or wss, beside ${spell('parent_ca')}`, shown(url.text));
  const secret = given.get('secret_file');
  if (secret && isLoopback(parent.host) !== true)
    findings.add(
      'conflict',
      secret.where,
      `${spell('parent_url')} with mqtts or wss, or a parent on this machine`,
      `${parent.scheme}://${parent.host}`,
    );
}
