/** The few kinds of value that settings have. `description` is the "expected …" of every message. */

import { isIP } from 'node:net';
import { constants } from 'node:os';
import * as Type from 'typebox';
import { NOTHING, parseAllowance } from '../core/allowance.js';
import { LABEL_RULE, parseLabels } from '../core/labels.js';
import { isName, NAME_RULE } from '../core/names.js';
import { LEAF_OPS } from '../core/ops.js';

const HOST = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?\.?$/;
/** The longest delay that a timer of Node takes, in seconds. */
const LONGEST = 2_147_483;

export const isHost = (text: string): boolean => isIP(text) !== 0 || HOST.test(text);

/** `SIGTERM` for TERM, sigterm, SIGTERM; null for what this machine has no signal of. */
export function fullSignalName(text: string): NodeJS.Signals | null {
  const name = `SIG${text.toUpperCase().replace(/^SIG/, '')}`;
  return Object.hasOwn(constants.signals, name) ? (name as NodeJS.Signals) : null;
}

export const text = (description: string, maxLength = 4096) =>
  Type.String({ description, minLength: 1, maxLength });
export const flag = () => Type.Boolean({ description: 'true or false' });
export const choice = <T extends string>(...words: T[]) =>
  Type.Enum(words, { description: `one of ${words.join(', ')}` });
export const wholeNumber = (minimum: number, maximum: number) =>
  Type.Integer({ description: `a whole number from ${minimum} to ${maximum}`, minimum, maximum });
/** For what can be given, yet has no other value that makes sense. */
export const one = (why: string) => Type.Integer({ description: `1 (${why})`, minimum: 1, maximum: 1 });
export const seconds = () =>
  Type.Number({
    description: `seconds from 0.01 to ${LONGEST}, fractions allowed`,
    minimum: 0.01,
    maximum: LONGEST,
  });
export const percent = () => Type.Number({ description: 'percent from 1 to 100', minimum: 1, maximum: 100 });
export const secondsOrNone = () =>
  Type.Number({
    description: `seconds from 0 to ${LONGEST}, fractions allowed`,
    minimum: 0,
    maximum: LONGEST,
  });
export const exitCodes = () =>
  Type.Refine(Type.String({ description: 'exit codes from 0 to 255, joined by commas' }), text =>
    text.split(',').every(code => /^\d{1,3}$/.test(code.trim()) && Number(code) <= 255),
  );
const SIZE = /^(\d+(?:\.\d+)?)([KMGT]?)$/i;
/** Bytes of `512M`, by powers of 1024 as in systemd; null for what is no size above 0. */
export function bytesOf(text: string): number | null {
  const [, number = '', unit = ''] = SIZE.exec(text.trim()) ?? [];
  const bytes = Math.round(Number(number) * 1024 ** ' KMGT'.indexOf(unit.toUpperCase() || ' '));
  return bytes >= 1 && bytes <= Number.MAX_SAFE_INTEGER ? bytes : null;
}
export const size = () =>
  Type.Refine(
    Type.String({ description: 'bytes, or with K, M, G or T (of 1024), such as 512M' }),
    text => bytesOf(text) !== null,
  );
export const umask = () =>
  Type.Refine(Type.String({ description: 'an octal number from 0 to 0777, such as 027' }), text =>
    /^0?[0-7]{1,3}$/.test(text),
  );
export const userAndGroup = () =>
  Type.Refine(Type.String({ description: 'a user or user:group, by name or number' }), text =>
    /^[^\s:-][^\s:]*(:[^\s:-][^\s:]*)?$/.test(text),
  );
export const listenPort = () =>
  Type.Integer({ description: 'a port from 0 to 65535, 0 for any free one', minimum: 0, maximum: 65535 });
export const remotePort = () =>
  Type.Integer({ description: 'a port from 1 to 65535', minimum: 1, maximum: 65535 });
export const host = () => Type.Refine(Type.String({ description: 'a host name or an IP address' }), isHost);
export const nodeName = () => Type.Refine(Type.String({ description: NAME_RULE }), isName);
export const labels = () =>
  Type.Refine(Type.String({ description: LABEL_RULE }), text => parseLabels(text) !== null);
export const operations = () =>
  Type.Refine(
    Type.String({ description: `of ${LEAF_OPS.join(', ')}, joined by commas, or ${NOTHING}` }),
    text => parseAllowance(text) !== null,
  );
export const signal = () =>
  Type.Refine(
    Type.String({ description: 'the name of a signal, such as TERM or SIGHUP' }),
    word => fullSignalName(word) !== null,
  );
/** `https://host:port` as browsers send it. */
const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text;
/** The single ones of a list that `origins` has passed. */
export const originList = (text = ''): string[] => text.split(',').flatMap(origin => origin.trim() || []);
export const origins = () =>
  Type.Refine(
    Type.String({ description: 'origins such as https://dash.example.org, joined by commas' }),
    text => originList(text).length > 0 && originList(text).every(isOrigin),
  );
/** Of a web server; name and password belong into no address. */
export function isWebUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hostname } = new URL(text);
  return /^https?:$/.test(protocol) && hostname !== '' && username === '' && password === '';
}
export const webUrl = () =>
  Type.Refine(
    Type.String({ description: 'http:// or https:// and a host, without name and password' }),
    isWebUrl,
  );
export const TOPIC_RULE = 'a topic outside canopy/, without + # and control characters, not beginning with $';
/** What is below `canopy/` is what nodes say. */
export const isPlainTopic = (text: string): boolean =>
  text.length > 0 &&
  text.length <= 1024 &&
  !/^\$|[+#\p{C}]/u.test(text) &&
  text !== 'canopy' &&
  !text.startsWith('canopy/');
export const plainTopic = () => Type.Refine(Type.String({ description: TOPIC_RULE }), isPlainTopic);
