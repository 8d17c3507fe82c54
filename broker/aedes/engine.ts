import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { Aedes, type AedesPublishPacket } from 'aedes';
import type { Gate } from '../entry/gate.js';
import type { Reception } from '../entry/reception.js';
import type { Report } from '../entry/report.js';
import type { BrokerLimits } from '../limits.js';
import type { LocalHost } from '../local-port.js';
import type { Refusal, TopicRules } from '../rules.js';
import { shown } from '../topics.js';
import type { PrivateAedes, PrivateClient, WirePacket } from './aedes-private.js';
import type { Audience } from './audience.js';
import { isAwaited } from './awaited.js';
import { tellCrossed } from './crossed.js';
import { Express } from './express.js';
import { askedFilter, Granted } from './granted.js';
import {
  capFilters,
  capPackets,
  divert,
  ForwardGuard,
  keepOvertaken,
  keepSuccessors,
  neverWaitForSubscribers,
  washPackets,
} from './guards.js';
import { listenToBoth } from './listen.js';
import type { RetainedStore } from './retained.js';
import { BoundedStore } from './store.js';
import { beStrict } from './strict.js';
import { Throttle } from './throttle.js';

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
  /** Takes a connection on, with the guards around it. */
  readonly handle: (socket: Socket) => PrivateClient;
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
  const granted = new Granted();
  const guard = forwardGuard(options, granted);
  const throttle = new Throttle(limits, options.report);
  const express = new Express({
    onTaken: (client, count) => throttle.passed(client, count),
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
      const filter = askedFilter(subscription.topic);
      if (!gate.grants(priv(client), filter)) return done(null, null);
      granted.grant(priv(client), filter, subscription.qos);
      express.watch(priv(client), filter);
      options.audience.granted(priv(client), filter);
      done(null, { ...subscription, topic: filter, qos: 2 });
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
    granted.release(priv(client), filters);
    options.audience.released(priv(client), filters);
  });
  aedes.on('keepaliveTimeout', client => reception.fellSilent(priv(client)));
  for (const wrap of [keepOvertaken, neverWaitForSubscribers, keepSuccessors]) wrap(guarded);
  tellCrossed(guarded, options.report);
  express.carry(guarded);
  divert(guarded);
  return {
    aedes: guarded,
    express,
    handle: socket => {
      const client = priv(aedes.handle(socket));
      guardClient(client, options);
      throttle.attach(client);
      granted.cap(client);
      express.attach(client);
      capFilters(client, limits.maxFiltersPerClient, why => options.report(why, client));
      return client;
    },
    listen: (filter, onMessage) => listenToBoth(guarded, express, filter, onMessage),
    isAwaited: topic =>
      isAwaited(guarded, store, topic, {
        client: client => gate.receives(client, topic),
        session: clientId => gate.isFor(reception.whoKeeps(clientId), topic),
      }),
    forget: clientId => store.forget(clientId),
  };
}

function guardClient(client: PrivateClient, { limits, report }: EngineOptions): void {
  const tell = (why: Refusal): void => report(why, client);
  beStrict(client, tell);
  capPackets(client, limits.maxPacketBytes, limits.maxConnectBytes);
  washPackets(client, limits, tell);
}

function forwardGuard(
  { limits, retained, report, gate }: EngineOptions,
  granted: Granted,
): ForwardGuard<Stored> {
  const onSlow = (client: PrivateClient, disconnected: boolean): void => {
    const reason = disconnected
      ? 'disconnected: it does not read'
      : 'QoS 0 messages dropped: it does not keep up';
    report({ code: 'slow-subscriber', reason }, client);
  };
  return new ForwardGuard(limits.backlogBytes, retained, granted, onSlow, gate.receives);
}

function boundedStore({ limits, gate, reception, retained, report }: EngineOptions): BoundedStore {
  return new BoundedStore({
    retained,
    maxQueuedBytesPerClient: limits.maxQueuedBytesPerClient,
    maxQueuedPerClient: limits.maxQueuedPerClient,
    resumes: clientId => reception.resumes(clientId),
    onRetainedFull: topic =>
      report(
        { code: 'retained-full', reason: `no room for another retained message: ${shown(topic)}` },
        null,
      ),
    maySubscribe: (client, filter) => gate.filterRefusal(gate.whoOf(priv(client)), filter) === null,
    onQueueFull: clientId =>
      report({ code: 'queue-full', reason: `messages for the absent ${clientId} dropped` }, null),
  });
}

/** The same client, its private parts visible to the guards. */
const priv = (client: object): PrivateClient => client as PrivateClient;
