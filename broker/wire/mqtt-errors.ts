import { LinkError } from '../link.js';

/** CONNACK return codes of MQTT 3.1.1, table 3.1. */
const REFUSALS: Record<number, string> = {
  1: 'it does not speak MQTT 3.1.1',
  2: 'another live node has this name',
  3: 'it is not available',
  4: 'bad user name or password',
  5: 'not authorized',
};

/** What an MQTT.js error means, in the words of the port. */
export function linkError(error: Error & { code?: unknown }, where: string, connected: boolean): LinkError {
  const { code } = error;
  if (typeof code === 'number') {
    const reason = `${where} refused: ${REFUSALS[code] ?? `return code ${code}`}`;
    return new LinkError(code === 1 ? 'protocol' : code === 2 ? 'name-taken' : 'refused', reason);
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
