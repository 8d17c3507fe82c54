/** An alert as an event tells it. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { ALERT_STATUSES } from '../core/alert.js';
import { KINDS } from '../core/facts.js';

const text = Type.String({ maxLength: 1024 });
const millis = Type.Integer({ minimum: 0, description: 'milliseconds since the Unix epoch' });
const app = Type.Union([text, Type.Null()]);

/** They go into headers of HTTP and the environment of commands. */
const id = Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' });
const name = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$' });

/** Of an `alert` event: what the one above goes on with. */
export const ToldAlertSchema = Type.Object({
  id,
  rule: name,
  severity: name,
  status: Type.Enum(ALERT_STATUSES),
  kind: Type.Union([Type.Enum(KINDS), Type.Null()]),
  app,
  cause: Type.Union([text, Type.Null()]),
  hidden: Type.Integer({ minimum: 0 }),
  since: millis,
  dueAt: millis,
  acked: Type.Union([Type.Object({ by: text, at: millis }), Type.Null()]),
});
export type ToldAlert = Static<typeof ToldAlertSchema>;
