/** A node with a broker gives its children certificates: once by a join token, and new ones to those who have proven who they are. */
import type { Admit, Refusal } from '../../broker/rules.js';
import { CanopyError } from '../core/errors.js';
import type { Principal } from '../core/principal.js';
import { admit } from '../identity/enrolment.js';
import type { Certificate } from '../identity/pki.js';
import { MalformedPayload } from '../protocol/codec.js';
import {
  askingName,
  decodeRequest,
  type EnrolAnswer,
  encodeAnswer,
  enrolTopic,
} from '../protocol/enrolment.js';
import { principalOf } from './access.js';
import { type NodeContainer, token } from './container.js';
import { IDENTITY, PKI } from './identity.js';
import { AUDIT, LOG, OWN_LINK } from './tokens.js';

type Asking = Extract<Principal, { kind: 'joining' | 'node' }>;

/** Milliseconds between two certificates that one node asks for in one way: signing is work, and each is written down. */
const PAUSE_MS = 5000;

/** When each was last given one in which way, monotonic; they are names of children who have proven them. */
const GIVEN = token<Map<string, number>>('certificates given lately');

/** What comes on `_csr` is answered here; all else is for `inner` to say. */
export function enrolling(node: NodeContainer, inner: Admit): Admit {
  node.provide(GIVEN, () => new Map());
  return (message, origin) => {
    const name = askingName(message.topic);
    if (name === null) return inner(message, origin);
    const who = origin.who === null ? null : principalOf(origin.who);
    if (node.get(IDENTITY) === null || !isAsking(who) || who.name !== name) return NOT_PROVEN;
    void answer(node, who, message.payload);
    return message;
  };
}

const NOT_PROVEN: Refusal = {
  code: 'not-authorized',
  reason: 'only who has proven to be this node, or holds its join token, is given its certificate',
};

const isAsking = (who: Principal | null): who is Asking => who?.kind === 'joining' || who?.kind === 'node';

async function answer(node: NodeContainer, who: Asking, payload: Buffer): Promise<void> {
  const op = who.kind === 'joining' ? 'certificate issue' : 'certificate renew';
  const note = { by: who.name, address: '', via: 'mqtt', path: who.name, op } as const;
  const say = (given: Omit<EnrolAnswer, 'v'>): void =>
    node.get(OWN_LINK).publish({
      topic: enrolTopic(who.name, '_cert'),
      payload: encodeAnswer(given),
      qos: 1,
      retain: false,
    });
  try {
    const { cert, ca, issued } = await certificateFor(node, who, decodeRequest(payload));
    say({ cert, ca });
    node.get(AUDIT).note({ ...note, outcome: 'succeeded', about: issued.serial });
  } catch (error) {
    const { code, message } = told(error as Error);
    if (code === 'internal-error') node.get(LOG).error({ err: error }, 'no certificate could be given');
    say({ error: { code, message } });
    node.get(AUDIT).note({ ...note, outcome: 'refused', code });
  }
}

async function certificateFor(node: NodeContainer, who: Asking, csr: string): Promise<Certificate> {
  const [pki, identity, given] = [node.get(PKI), node.get(IDENTITY), node.get(GIVEN)];
  const asked = `${who.kind} ${who.name}`;
  const last = given.get(asked) ?? Number.NEGATIVE_INFINITY;
  if (performance.now() - last < PAUSE_MS)
    throw new CanopyError(
      'slow-down',
      `${who.name} was given a certificate less than ${PAUSE_MS / 1000} s ago`,
    );
  given.set(asked, performance.now());
  if (who.kind === 'node') return pki.issue({ name: who.name, is: who.is, csr });
  if (!identity) throw new Error('nobody joins where nobody is asked who they are');
  return admit(identity.access, pki, who.name, csr);
}

function told(error: Error): { code: string; message: string } {
  if (error instanceof CanopyError) return { code: error.code, message: error.message };
  if (error instanceof MalformedPayload) return { code: 'bad-csr', message: error.message };
  return { code: 'internal-error', message: 'an error on our side; the log of the node has the details' };
}
