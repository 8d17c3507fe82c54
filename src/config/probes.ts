/** The probes of a leaf, from its settings. */
import { PROBES, type ProbeName, type ProbePolicy } from '../core/probes.js';
import type { Check } from '../process/check.js';
import { isHost } from './schemas.js';
import { splitTarget } from './target.js';

export interface Probe extends ProbePolicy {
  readonly check: Check;
}
export type Probes = { readonly [P in ProbeName]?: Probe };

/** `problem` says what was expected instead. */
export function parseCheck(text: string, env: NodeJS.ProcessEnv): Check | { problem: string } {
  const [, scheme = '', rest = ''] = /^([a-z]+):([\s\S]*)$/i.exec(text) ?? [];
  switch (scheme.toLowerCase()) {
    case 'exec': {
      const split = splitTarget(rest.trim(), env);
      return 'words' in split ? { kind: 'exec', words: split.words } : split;
    }
    case 'http':
    case 'https':
      return httpCheck(text);
    case 'tcp':
      return tcpCheck(text);
    default:
      return { problem: 'http://host:port/path (or https), tcp://host:port, or exec: and a command' };
  }
}

function httpCheck(text: string): Check | { problem: string } {
  const url = urlOf(text);
  if (!url || url.username || url.password || url.hash || url.port === '0' || !isHost(bare(url.hostname)))
    return { problem: 'http://host:port/path, without user or fragment' };
  return { kind: 'http', url: url.href };
}

function tcpCheck(text: string): Check | { problem: string } {
  const url = urlOf(text);
  const more = url && (url.username || url.password || url.search || url.hash || !/^\/?$/.test(url.pathname));
  if (!url || more || !(Number(url.port) > 0) || !isHost(bare(url.hostname)))
    return { problem: 'tcp://host:port, and nothing more' };
  return { kind: 'tcp', host: bare(url.hostname), port: Number(url.port) };
}

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');

function urlOf(text: string): URL | null {
  return /^\w+:\/\/\S+$/.test(text) && URL.canParse(text) ? new URL(text) : null;
}

export type ProbeKey = `${ProbeName}_probe`;
export type DetailKey = `${ProbeKey}_${'interval' | 'timeout' | 'failures' | 'successes'}`;
export const detailsOf = (key: ProbeKey): DetailKey[] =>
  (['interval', 'timeout', 'failures', 'successes'] as const).map(detail => `${key}_${detail}` as const);

/** `check`: of the key, null where none was given or it was wrong; `detail`: in seconds or times. */
export function probesFrom(
  check: (key: ProbeKey) => Check | null,
  detail: (key: DetailKey) => number,
): Probes {
  const found: { -readonly [P in ProbeName]?: Probe } = {};
  for (const name of PROBES) {
    const checked = check(`${name}_probe`);
    if (!checked) continue;
    const of = (what: 'interval' | 'timeout' | 'failures' | 'successes'): number =>
      detail(`${name}_probe_${what}`);
    found[name] = {
      check: checked,
      intervalMs: of('interval') * 1000,
      timeoutMs: of('timeout') * 1000,
      failures: of('failures'),
      successes: of('successes'),
    };
  }
  return found;
}
