import type { Engine, Stored } from './aedes/engine.js';
import type { RetainedStore } from './aedes/retained.js';
import type { Gate } from './entry/gate.js';
import { type LocalHost, received } from './local-port.js';

export interface LocalHostParts {
  readonly engine: Engine;
  readonly gate: Gate;
  readonly retained: RetainedStore<Stored>;
  readonly isClosing: () => boolean;
}

/** What links without a socket meet of the broker: the same gate as everybody. */
export const localHost = ({ engine, gate, retained, isClosing }: LocalHostParts): LocalHost => ({
  submit: (message, origin, done) => {
    const passed = isClosing() ? null : gate.pass(message, origin, null);
    if (passed === null) setImmediate(done);
    else engine.aedes.publish({ cmd: 'publish', dup: false, ...passed }, null, done);
  },
  filterRefusal: (who, filter) => gate.filterRefusal(who, filter),
  isFor: (who, topic) => gate.isFor(who, topic),
  listen: engine.listen,
  retainedUnder: filter =>
    Array.from(retained.find(filter), packet => ({ ...received(packet), retain: true })),
});
