/** Whether a client may call itself that. Pure. */
import type { Turned } from '../rules.js';
import { isUnspeakable, shown } from '../topics.js';
import { CONNACK, turned } from './door.js';

/** Control characters end up in logs and in front of people (MQTT-1.5.3-2). */
export const idProblem = (clientId: string): Turned | null =>
  isUnspeakable(clientId)
    ? turned(
        CONNACK.identifierRejected,
        'bad-client-id',
        `control or broken characters in the client id ${shown(clientId)}`,
      )
    : null;
