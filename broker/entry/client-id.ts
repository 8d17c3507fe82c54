/** Whether a client may call itself that. Pure. */
import { isUnspeakable, shown } from '../topics.js';
import { CONNACK, type Turned } from './door.js';

/** MQTT-3.1.3-8: a session of nobody can't be kept; control characters end up in logs and in front of people (MQTT-1.5.3-2). */
export function idProblem(clientId: string, clean: boolean): Turned | null {
  const bad = (reason: string): Turned => ({
    code: 'bad-client-id',
    reason,
    returnCode: CONNACK.identifierRejected,
  });
  if (clientId === '' && !clean) return bad('a session (clean=false) needs a client id');
  return isUnspeakable(clientId)
    ? bad(`control or broken characters in the client id ${shown(clientId)}`)
    : null;
}
