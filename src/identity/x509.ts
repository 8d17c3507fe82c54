/** Certificates and requests for them, by @peculiar/x509 and the WebCrypto of Node. The only file that knows it; takes 23 MB to load. */
import 'reflect-metadata';
import {
  createPublicKey,
  generateKeyPairSync,
  X509Certificate as Read,
  randomBytes,
  webcrypto,
} from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { CanopyError } from '../core/errors.js';
import { plainHex } from './certificates.js';

export interface Span {
  /** Milliseconds since the Unix epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}
export interface Signed extends Span {
  readonly pem: string;
  readonly serial: string;
  readonly fingerprint256: string;
}
export interface Authority {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}
export interface Subject {
  readonly name: string;
  readonly unit: 'leaf' | 'relay' | 'server';
  /** DNS names and IP addresses. */
  readonly hosts: readonly string[];
}

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' };
/** Characters of a request: with an RSA key of 8192 bits it has half of that. */
const MOST_CSR = 16_384;
const CURVES = ['prime256v1', 'secp384r1', 'secp521r1'];

/** ECDSA on P-256, PKCS #8 in PEM. */
export const newKey = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }) as string;

/** DER. */
export const publicKeyOf = (key: string): Buffer =>
  createPublicKey(key).export({ type: 'spki', format: 'der' });

/** Of a CA that signs certificates for its direct children only: none of those can sign another. */
export async function selfSign(name: string, key: string, span: Span): Promise<Signed> {
  const { keys, der } = await keysOf(key);
  const made = await X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: [{ CN: [name] }],
    ...dates(span),
    signingAlgorithm: SIGNING,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(der),
    ],
  });
  return signed(made, span);
}

/** Subject and all else are set here; of the other side comes the public key alone. `publicKey`: DER. */
export async function sign(
  authority: Authority,
  publicKey: Buffer,
  subject: Subject,
  span: Span,
): Promise<Signed> {
  const issuer = new X509Certificate(authority.cert);
  const isServer = subject.unit === 'server';
  const usage = isServer ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth;
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([usage], true),
    new SubjectAlternativeNameExtension(
      subject.hosts.map(value => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value })),
    ),
    await SubjectKeyIdentifierExtension.create(publicKey),
    await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
  ];
  const made = await X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: [{ CN: [subject.name] }, { OU: [subject.unit] }],
    issuer: issuer.subjectName.toJSON(),
    ...dates(span),
    signingAlgorithm: SIGNING,
    publicKey,
    signingKey: (await keysOf(authority.key)).keys.privateKey,
    extensions,
  });
  return signed(made, span);
}

/** A request for a certificate of this name, PEM. Whoever signs it decides what stands in the certificate. */
export async function makeRequest(name: string, key: string): Promise<string> {
  const { keys } = await keysOf(key);
  const made = await Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: SIGNING,
  });
  return `${made.toString('pem')}\n`;
}

/** The public key (DER) of a request whose sender has proven to hold the private one. @throws CanopyError `bad-csr` */
export async function requestedKey(csr: string): Promise<Buffer> {
  const [, body = ''] =
    /^\s*-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]+)-----END (?:NEW )?CERTIFICATE REQUEST-----\s*$/.exec(
      csr.slice(0, MOST_CSR + 1),
    ) ?? [];
  if (csr.length > MOST_CSR || body === '')
    throw bad(`expected one CERTIFICATE REQUEST in PEM of at most ${MOST_CSR} characters`);
  let der: Buffer;
  let isProven: boolean;
  try {
    const request = new Pkcs10CertificateRequest(Buffer.from(body, 'base64'));
    der = Buffer.from(request.publicKey.rawData);
    isProven = await request.verify();
  } catch {
    throw bad('expected a PKCS #10 request, found something that cannot be read as one');
  }
  if (!isProven) throw bad('expected it to be signed by its own key, found that it is not');
  return strongKey(der);
}

function strongKey(der: Buffer): Buffer {
  const key = createPublicKey({ key: der, type: 'spki', format: 'der' });
  const { namedCurve = '', modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  const isStrong =
    (key.asymmetricKeyType === 'ec' && CURVES.includes(namedCurve)) ||
    key.asymmetricKeyType === 'ed25519' ||
    (key.asymmetricKeyType === 'rsa' && modulusLength >= 2048 && modulusLength <= 8192);
  if (!isStrong) throw bad('expected a key of ECDSA on P-256 to P-521, Ed25519, or RSA of 2048 to 8192 bits');
  return der;
}

async function keysOf(key: string) {
  const der = publicKeyOf(key);
  const pkcs8 = Buffer.from(key.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const { subtle } = webcrypto;
  const privateKey = await subtle.importKey('pkcs8', pkcs8, CURVE, false, ['sign']);
  const publicKey = await subtle.importKey('spki', der, CURVE, true, ['verify']);
  return { keys: { privateKey, publicKey }, der };
}

function signed(made: X509Certificate, span: Span): Signed {
  const pem = `${made.toString('pem')}\n`;
  return {
    pem,
    serial: made.serialNumber.toLowerCase(),
    fingerprint256: plainHex(new Read(pem).fingerprint256),
    ...span,
  };
}

const dates = ({ notBefore, notAfter }: Span) => ({
  notBefore: new Date(notBefore),
  notAfter: new Date(notAfter),
});

/** 126 random bits; positive and of one length, so that every program prints it alike (RFC 5280, section 4.1.2.2). */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

const bad = (what: string): CanopyError => new CanopyError('bad-csr', `certificate request: ${what}`);
