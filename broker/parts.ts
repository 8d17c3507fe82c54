/** What a broker is made of, put together. */
import { Audience } from './aedes/audience.js';
import { createEngine, type Engine, type Stored } from './aedes/engine.js';
import { RetainedStore } from './aedes/retained.js';
import { Claims } from './entry/claims.js';
import { Gate } from './entry/gate.js';
import { Inquiry } from './entry/inquiry.js';
import { Reception } from './entry/reception.js';
import { type Report, reporter } from './entry/report.js';
import { BROKER_LIMITS, type BrokerLimits } from './limits.js';
import type { Message } from './link.js';
import type { BrokerOptions } from './options.js';

export interface Parts {
  readonly limits: BrokerLimits;
  readonly report: Report;
  readonly claims: Claims;
  readonly retained: RetainedStore<Stored>;
  readonly inquiry: Inquiry;
  readonly reception: Reception;
  readonly gate: Gate;
  readonly audience: Audience;
  readonly engine: Engine;
}

export function assemble(options: BrokerOptions, isClosing: () => boolean): Parts {
  const limits = { ...BROKER_LIMITS, ...options.limits };
  const report = reporter(options.onRefused, client => reception.whoOf(client));
  const claims = new Claims();
  const retained = new RetainedStore<Stored>(limits, options.rules.prefix);
  for (const message of options.stored ?? []) retained.set(asStored(message));
  const inquiry = new Inquiry({ ...options, limits, report });
  const reception: Reception = new Reception({
    ...options,
    limits,
    inquiry,
    claims,
    report,
    onEntered: (client, { who }) =>
      options.onEntered?.({ who, clientId: client.id, address: client.conn.remoteAddress ?? '' }),
  });
  const gate = new Gate({ ...options, limits, retained, reception, report });
  const audience = new Audience(filter => isClosing() || options.onAudience?.(filter), gate.receives);
  const { rules } = options;
  const engine = createEngine({ rules, limits, gate, reception, retained, report, audience, isClosing });
  return { limits, report, claims, retained, inquiry, reception, gate, audience, engine };
}

/** In the shape of aedes; of no broker's numbering. */
const asStored = ({ topic, payload, qos }: Message): Stored => ({
  cmd: 'publish',
  brokerId: '',
  brokerCounter: 0,
  topic,
  payload,
  qos,
  retain: true,
  dup: false,
});
