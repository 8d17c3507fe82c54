import type { EventEmitter } from 'node:events';
import { Aedes, type AedesPublishPacket } from 'aedes';
import type { Gate } from '../entry/gate.js';
import type { Reception } from '../entry/reception.js';
import type { Report } from '../entry/report.js';
import type { BrokerLimits } from '../limits.js';
import type { LocalHost } from '../local-link.js';
import type { TopicRules } from '../rules.js';
import type { PrivateAedes, PrivateClient, WirePacket } from './aedes-private.js';
import type { Audience } from './audience.js';
import { isAwaited } from './awaited.js';
import { Express } from './express.js';
import { divert, ForwardGuard, keepOvertaken, keepSuccessors, neverWaitForSubscribers } from './guards.js';
import type { RetainedStore } from './retained.js';
import { BoundedStore } from './store.js';

export type Stored = AedesPublishPacket & { payload: Buffer };

export interface EngineOptions {
  readonly rules: TopicRules;
  readonly limits: BrokerLimits;
  readonly gate: Gate;
  readonly reception: Reception;
  readonly retained: RetainedStore<Stored>;
  readonly report: Report;
  readonly audience: Audience;
  /** An orderly end has begun: nothing is let through any more, wills least of all. */
  readonly isClosing: () => boolean;
}

export interface Engine {
  readonly aedes: PrivateAedes;
  readonly express: Express;
  /** Live messages under a filter, called at once while they are routed, in either lane; returns how to end it. */
  readonly listen: LocalHost['listen'];
  /** Whether anyone asks for a topic by name. */
  readonly isAwaited: (topic: string) => Promise<boolean>;
  /** All that is kept for a client id. */
  readonly forget: (clientId: string) => Promise<void>;
}

/** Aedes with its hooks wired to the gate and the reception, and with the guards around it. */
export function createEngine(options: EngineOptions): Engine {
  const { rules, limits, gate, reception, isClosing } = options;
  const guard = forwardGuard(options);
  const express = new Express({
    rules,
    maxPacketBytes: limits.maxPacketBytes,
    pass: (client, topic, payload) => (isClosing() ? null : gate.passPlain(client, topic, payload)),
    forward: (client, packet) => guard.forward(client, packet),
  });
  const store = boundedStore(options);
  const aedes = new Aedes({
    // Of messages under way: a frozen subscriber holds some for ever, and at the bound everyone waits.
    concurrency: 0,
    connectTimeout: limits.connectTimeoutMs,
    drainTimeout: limits.drainTimeoutMs,
    maxInflightInbound: limits.maxInflightQos2,
    maxTopicLevels: 100,
    persistence: store,
    preConnect: (client, packet, done) => {
      // Aedes would do so a turn later, and by then handle what a second chunk has brought.
      priv(client).pause();
      reception.examine(priv(client), packet);
      done(null, true);
    },
    authenticate: (client, username, password, done) =>
      reception.receive(priv(client), username, password, ({ turned, foreign }) => {
        if (turned) done(Object.assign(new Error(turned.reason), { returnCode: turned.returnCode }), false);
        else if (foreign) void store.forget(client.id).then(() => done(null, true));
        else done(null, true);
      }),
    // Synchronous: an answer that comes later reorders one client's messages.
    authorizePublish: (client, packet, done) => {
      if (isClosing() || !client) done(new Error('the broker closes'));
      else {
        gate.mark(priv(client), packet as WirePacket);
        done(null);
      }
    },
    authorizeSubscribe: (client, subscription, done) => {
      const granted = gate.grants(priv(client), subscription.topic);
      if (granted) {
        express.watch(priv(client), subscription.topic);
        options.audience.granted(priv(client), subscription.topic);
      }
      done(null, granted ? subscription : null);
    },
    authorizeForward: (client, packet) => guard.forward(priv(client), packet),
  });
  const guarded = aedes as unknown as PrivateAedes;
  // Untyped in aedes: what its store rejects with. Without a listener it would end the process.
  (aedes as EventEmitter).on('error', (error: Error) =>
    options.report({ code: 'internal', reason: error.message }, null),
  );
  aedes.on('unsubscribe', (filters, client) => {
    gate.released(priv(client), filters);
    options.audience.released(priv(client), filters);
  });
  aedes.on('keepaliveTimeout', client => reception.fellSilent(priv(client)));
  for (const wrap of [keepOvertaken, neverWaitForSubscribers, keepSuccessors]) wrap(guarded);
  express.carry(guarded);
  divert(guarded);
  return {
    aedes: guarded,
    express,
    listen: (filter, onMessage) => listenToBoth(guarded, express, filter, onMessage),
    isAwaited: topic =>
      isAwaited(guarded, store, topic, {
        client: client => gate.receives(client, topic),
        session: clientId => gate.isFor(reception.whoKeeps(clientId), topic),
      }),
    forget: clientId => store.forget(clientId),
  };
}

function listenToBoth(
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

function forwardGuard({ limits, retained, report, gate }: EngineOptions): ForwardGuard<Stored> {
  const onSlow = (client: PrivateClient, disconnected: boolean): void => {
    const reason = disconnected
      ? 'disconnected: it does not read'
      : 'QoS 0 messages dropped: it does not keep up';
    report({ code: 'slow-subscriber', reason }, client);
  };
  return new ForwardGuard(limits.backlogBytes, retained, onSlow, gate.receives);
}

function boundedStore({ limits, gate, retained, report }: EngineOptions): BoundedStore {
  return new BoundedStore({
    retained,
    maxQueuedBytesPerClient: limits.maxQueuedBytesPerClient,
    maxQueuedPerClient: limits.maxQueuedPerClient,
    maySubscribe: (client, filter) => gate.filterRefusal(gate.whoOf(priv(client)), filter) === null,
    onQueueFull: clientId =>
      report({ code: 'queue-full', reason: `messages for the absent ${clientId} dropped` }, null),
  });
}

/** The same client, its private parts visible to the guards. */
const priv = (client: object): PrivateClient => client as PrivateClient;
