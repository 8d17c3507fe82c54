import { LinkError, type LinkErrorCode } from '../link.js';

/** CONNACK return codes of MQTT 3.1.1, table 3.1. */
const REFUSALS: Record<number, string> = {
  1: 'it does not speak MQTT 3.1.1',
  2: 'another live node has this name',
  3: 'it is not available',
  4: 'bad user name or password',
  5: 'not authorized',
};

const CODES: Record<number, LinkErrorCode> = { 1: 'protocol', 2: 'name-taken', 4: 'bad-credentials' };

/** Codes of Node and OpenSSL (X509_V_ERR_…, alerts of RFC 8446, 6) by what they come to. */
const TLS_FAILURES: [RegExp, LinkErrorCode, string][] = [
  [/^(CERT_HAS_EXPIRED|CERT_NOT_YET_VALID)$/, 'certificate-expired', 'its certificate is not valid now'],
  [/^ERR_TLS_CERT_ALTNAME/, 'wrong-host', 'its certificate is for another host'],
  [
    /SELF_SIGNED|^UNABLE_TO_(VERIFY|GET)|^CERT_|^INVALID_(CA|PURPOSE)|^PATH_LENGTH|^HOSTNAME_MISMATCH/,
    'certificate-untrusted',
    'no authority that we believe stands for its certificate',
  ],
  [/^ERR_SSL_.*ALERT/, 'certificate-refused', 'it ended the TLS handshake'],
  [
    /^ERR_SSL_(WRONG_VERSION|PACKET_LENGTH|UNSUPPORTED_PROTOCOL|HTTP)|^EPROTO$/,
    'no-tls',
    'it speaks no TLS that we do',
  ],
];

/** What an MQTT.js error means, in the words of the port. */
export function linkError(error: Error & { code?: unknown }, where: string, connected: boolean): LinkError {
  if (error instanceof LinkError) return error;
  const { code } = error;
  if (typeof code === 'number') {
    const reason = `${where} refused: ${REFUSALS[code] ?? `return code ${code}`}`;
    return new LinkError(CODES[code] ?? 'refused', reason);
  }
  if (typeof code === 'string') {
    const [, known, why] = TLS_FAILURES.find(([fits]) => fits.test(code)) ?? [];
    if (known) return new LinkError(known, `${where}: ${why} (${code}: ${error.message})`);
  }
  if (typeof code === 'string') return new LinkError('unreachable', `${where}: ${error.message || code}`);
  // MQTT.js' own timeouts have no code; what remains comes from its parser.
  if (/timeout/i.test(error.message))
    return new LinkError('unreachable', `${where} does not answer: ${error.message}`);
  return new LinkError(
    'protocol',
    `${where} does not speak MQTT${connected ? ' any more' : ''}: ${error.message}`,
  );
}
