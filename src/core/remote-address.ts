/** An address as limits and the audit log go by it. */
import { isIPv4, isIPv6 } from 'node:net';

/** Without the port of `host:port`, and IPv4 as such where it came by way of an IPv6 socket. */
export function plainAddress(address: string | undefined): string {
  if (!address) return '';
  const unmapped = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (isIPv4(unmapped) || isIPv6(unmapped)) return unmapped;
  const host = unmapped.slice(0, unmapped.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  return isIPv4(host) || isIPv6(host) ? host : unmapped;
}

/** Who counts as one: of IPv6 whoever has the first 64 bits, since one machine has all that follow. */
export function addressKey(address: string): string {
  const plain = plainAddress(address);
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = (plain.split('%')[0] as string).split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? [] : Array(Math.max(0, 8 - before.length - after.length)).fill('0');
  return [...before, ...zeros, ...after]
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':');
}
