import type { AedesPublishPacket } from 'aedes';
import type { LocalHost } from '../local-port.js';
import type { PrivateAedes } from './aedes-private.js';
import type { Express } from './express.js';

/** Live messages under a filter, whichever lane they take; returns how to end it. */
export function listenToBoth(
  aedes: PrivateAedes,
  express: Express,
  ...[filter, onMessage]: Parameters<LocalHost['listen']>
): () => void {
  const listener = (packet: AedesPublishPacket, done: () => void) => {
    onMessage(packet);
    done();
  };
  aedes.subscribe(filter, listener, () => {});
  const unlisten = express.listen(filter, onMessage);
  return () => {
    unlisten();
    aedes.unsubscribe(filter, listener, () => {});
  };
}
