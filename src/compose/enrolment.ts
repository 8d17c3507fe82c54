/** A node with a broker gives its children certificates: once by a join token, and new ones to those who have proven who they are. */
import type { Admit, Refusal } from '../../broker/rules.js';
import { CanopyError } from '../core/errors.js';
import type { Principal } from '../core/principal.js';
import { type Asking, Enrolment } from '../identity/enrolment.js';
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
import { AUDIT, CLOCK, LOG, OWN_LINK } from './tokens.js';

/** Null: nobody is asked who they are, and so nobody is given one. */
const ENROLMENT = token<Enrolment | null>('enrolment');

/** What comes on `_csr` is answered here; all else is for `inner` to say. */
export function enrolling(node: NodeContainer, inner: Admit): Admit {
  node.provide(ENROLMENT, from => {
    const identity = from.get(IDENTITY);
    return identity && new Enrolment(identity, from.get(PKI), from.get(CLOCK));
  });
  return (message, origin) => {
    const name = askingName(message.topic);
    if (name === null) return inner(message, origin);
    const who = origin.who === null ? null : principalOf(origin.who);
    const enrolment = node.get(ENROLMENT);
    if (enrolment === null || !isAsking(who) || who.name !== name) return NOT_PROVEN;
    void answer(node, enrolment, who, message.payload);
    return message;
  };
}

const NOT_PROVEN: Refusal = {
  code: 'not-authorized',
  reason: 'only who has proven to be this node, or holds its join token, is given its certificate',
};

const isAsking = (who: Principal | null): who is Asking => who?.kind === 'joining' || who?.kind === 'node';

async function answer(
  node: NodeContainer,
  enrolment: Enrolment,
  who: Asking,
  payload: Buffer,
): Promise<void> {
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
    const { cert, ca, issued } = await enrolment.certificateFor(who, decodeRequest(payload));
    say({ cert, ca });
    node.get(AUDIT).note({ ...note, outcome: 'succeeded', about: issued.serial });
  } catch (error) {
    const { code, message } = told(error as Error);
    if (code === 'internal-error') node.get(LOG).error({ err: error }, 'no certificate could be given');
    say({ error: { code, message } });
    node.get(AUDIT).note({ ...note, outcome: 'refused', code });
  }
}

function told(error: Error): { code: string; message: string } {
  if (error instanceof CanopyError) return { code: error.code, message: error.message };
  if (error instanceof MalformedPayload) return { code: 'bad-csr', message: error.message };
  return { code: 'internal-error', message: 'an error on our side; the log of the node has the details' };
}
