/** A child joins its parent: checks the parent, says what it holds, and keeps the certificate that it is given. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LinkError } from '../../broker/link.js';
import { MqttLink } from '../../broker/mqtt-link.js';
import { shownAuthority } from '../../broker/wire/authority.js';
import { CanopyError, type ErrorCode } from '../core/errors.js';
import { JOIN_USER } from '../identity/claims.js';
import { checkGiven } from '../identity/given.js';
import type { JoinToken } from '../identity/join-token.js';
import { writePrivate } from '../identity/private-files.js';
import { makeRequest, newKey } from '../identity/x509.js';
import { decodeAnswer, type EnrolAnswer, encodeRequest, enrolTopic } from '../protocol/enrolment.js';
import { UPLINK_DIR } from './trust.js';

/** Milliseconds for the parent to answer. */
const ANSWER_MS = 30_000;

export interface Joined {
  /** PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * Nothing is sent to a parent that does not show the authority that the token names; the token itself only to one for whose
 * host that authority stands.
 * @throws LinkError, CanopyError with what the parent has said
 */
export async function joinParent(token: JoinToken): Promise<Joined> {
  if (token.exp <= Date.now())
    throw new CanopyError(
      'expired-credentials',
      `the join token ended at ${new Date(token.exp).toISOString()}`,
    );
  const ca = await shownAuthority(new URL(token.url), token.ca);
  const key = newKey();
  const answer = await ask(token, ca, await makeRequest(token.name, key));
  if (answer.error) throw new CanopyError(answer.error.code as ErrorCode, answer.error.message);
  const cert = answer.cert ?? '';
  checkGiven(cert, ca, key);
  return { ca, cert, key };
}

async function ask({ url, name, secret }: JoinToken, ca: string, csr: string): Promise<EnrolAnswer> {
  const link = new MqttLink({
    url,
    clientId: `join-${randomUUID().slice(0, 8)}`,
    trust: () => ({ ca }),
    login: () => ({ username: JOIN_USER, password: secret }),
  });
  try {
    return await new Promise<EnrolAnswer>((resolve, reject) => {
      const late = new LinkError('unreachable', `no answer within ${ANSWER_MS / 1000} s`);
      setTimeout(reject, ANSWER_MS, late).unref();
      link.on('failed', reject);
      link.on('lost', reject);
      const hear = ({ payload }: { payload: Buffer }): void => {
        try {
          resolve(decodeAnswer(payload));
        } catch (error) {
          reject(error);
        }
      };
      link
        .subscribe([enrolTopic(name, '_cert')], hear)
        .then(() =>
          link.publish({
            topic: enrolTopic(name, '_csr'),
            payload: encodeRequest(csr),
            qos: 1,
            retain: false,
          }),
        )
        .catch(reject);
    });
  } finally {
    await link.close();
  }
}

const NAMES = { ca: 'ca.crt', cert: 'node.crt', key: 'node.key' } as const;

/** Files that joining would replace. */
export const joinedFiles = (dataDir: string): string[] =>
  Object.values(NAMES)
    .map(name => join(dataDir, UPLINK_DIR, name))
    .filter(file => existsSync(file));

/** The key first: a certificate without one would be used by nobody. */
export function keepJoined(dataDir: string, joined: Joined): void {
  for (const part of ['key', 'cert', 'ca'] as const)
    writePrivate(join(dataDir, UPLINK_DIR, NAMES[part]), joined[part]);
}
