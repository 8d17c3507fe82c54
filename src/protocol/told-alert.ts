/** An alert as an event tells it. */
import Type, { type Static } from 'typebox';
import { ALERT_STATUSES } from '../core/alert.js';
import { KINDS } from '../core/facts.js';

const text = Type.String({ maxLength: 1024 });
const millis = Type.Integer({ minimum: 0, description: 'milliseconds since the Unix epoch' });
const app = Type.Union([text, Type.Null()]);

/** Of an `alert` event: what the one above goes on with. */
export const ToldAlertSchema = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 64 }),
  rule: Type.String({ minLength: 1, maxLength: 64 }),
  severity: Type.String({ maxLength: 64 }),
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
