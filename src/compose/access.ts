/** Who comes in at this node's broker, and what they may do there: the words of the house for its ports. */
import type { Message } from '../../broker/link.js';
import type { Access, Authenticate, Known, Origin, Refusal, Shown, Turned } from '../../broker/rules.js';
import { commandOf } from '../access/commands.js';
import { mayPublish, mayReceive, maySubscribe } from '../access/topics.js';
import { CanopyError } from '../core/errors.js';
import { type Authenticator, type Denial, isDenial, type Principal } from '../core/principal.js';
import { asCanopyError, commandMeant, failure } from '../node/answers.js';
import type { Publisher } from '../node/publisher.js';
import { MalformedPayload } from '../protocol/codec.js';
import { identify } from '../protocol/identity.js';
import { splitTopic } from '../protocol/topics.js';

/** The broker was given principals, and hands back nothing else. */
export const principalOf = (who: object): Principal => who as Principal;

export const access: Access = {
  publish: (who, topic) => mayPublish(principalOf(who), topic),
  subscribe: (who, filter) => maySubscribe(principalOf(who), filter),
  receive: (who, topic) => mayReceive(principalOf(who), topic),
};

/** Without an authenticator a node is who its client id says, and all others are anyone. */
export const authenticating = (authenticator: Authenticator | null): Authenticate =>
  authenticator === null
    ? ({ clientId }) => knownAs(claimedBy(clientId))
    : shown => recognise(authenticator, shown);

const ANYONE: Principal = { kind: 'anyone' };

/** It may be either kind of node, so it is believed about what is below it. */
function claimedBy(clientId: string): Principal {
  const claimed = identify(clientId);
  return claimed ? { kind: 'node', name: claimed.name, is: 'relay' } : ANYONE;
}

async function recognise(authenticator: Authenticator, shown: Shown): Promise<Known | Turned> {
  const { address, username, password, certificate } = shown;
  const answer = await authenticator.authenticate({
    address,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { secret: password }),
    ...(certificate && { certificate }),
  });
  return isDenial(answer) ? denied(answer) : knownAs(answer);
}

const knownAs = (who: Principal): Known => ({
  who,
  id: who.kind === 'anyone' ? 'anyone' : `${who.kind} ${who.name}`,
  node: who.kind === 'node' ? who.name : null,
});

/** CONNACK return codes of MQTT 3.1.1, table 3.1: come again; bad user name or password; not authorised. */
const RETURN_CODES = {
  'slow-down': 3,
  'bad-credentials': 4,
  'expired-credentials': 4,
  revoked: 5,
} as const satisfies Record<Denial['code'], number>;

const denied = ({ code, reason }: Denial): Turned => ({ code, reason, returnCode: RETURN_CODES[code] });

/**
 * A command of somebody who is known as it goes on, under his name. What he may not, and what can't be read, is answered:
 * MQTT 3.1.1 has no word for it.
 */
export function bidden(
  message: Message,
  { who }: Origin,
  publisher: () => Pick<Publisher, 'result'>,
): Message | Refusal {
  const place = splitTopic(message.topic);
  if (who === null || place?.channel !== 'cmd') return message;
  try {
    const payload = commandOf(principalOf(who), place.path, message.payload);
    return payload === message.payload ? message : { ...message, payload };
  } catch (problem) {
    const error =
      problem instanceof MalformedPayload
        ? new CanopyError('bad-payload', problem.message)
        : asCanopyError(problem);
    const answer = failure(commandMeant(message.payload), 'rejected', error);
    // Not from within the broker's delivery of what it refuses.
    setImmediate(() => publisher().result(answer, place.path));
    return { code: error.code, reason: error.message };
  }
}
