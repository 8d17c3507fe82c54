/** What each channel carries: one schema per channel, from which come the types, the checks and the REST description. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { DESIRED, HEALTHS, KINDS, LINKS, PHASES } from '../core/facts.js';
import { MOST_LABELS } from '../core/labels.js';
import { type Channel, MAX_PATH } from '../core/names.js';
import { AppCapacitySchema, fraction, RollupSchema } from './capacity.js';
import { ToldAlertSchema } from './told-alert.js';

const v = Type.Literal(1);
const millis = Type.Integer({ minimum: 0, description: 'milliseconds since the Unix epoch' });
const epoch = Type.Integer({ minimum: 0, description: 'rises at every start of the node' });
const seq = Type.Integer({ minimum: 0 });
const numbered = (description: string) => Type.Optional(Type.Integer({ minimum: 0, description }));
const text = Type.String({ maxLength: 1024 });
const app = Type.Union([text, Type.Null()]);
const pid = Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]);

export const HeartbeatSchema = Type.Object({
  v,
  epoch,
  seq,
  ts: millis,
  stateSeq: numbered('seq of its newest state'),
  interval: Type.Number({ exclusiveMinimum: 0, description: 'seconds between heartbeats' }),
  kind: Type.Enum(KINDS),
  app: Type.Optional(app),
  phase: Type.Optional(Type.Enum(PHASES)),
  health: Type.Optional(Type.Enum(HEALTHS)),
  pid: Type.Optional(pid),
  uptime: Type.Optional(Type.Number({ description: 'seconds that the target runs' })),
  restarts: Type.Optional(Type.Integer({ minimum: 0 })),
  cpu: Type.Optional(Type.Number({ description: 'fraction of one core' })),
  rss: Type.Optional(Type.Integer({ minimum: 0, description: 'bytes' })),
  load: Type.Optional(fraction('how loaded the machine is: busy time of all its cores')),
  memory: Type.Optional(fraction('how much of the memory of the machine is used')),
  leaves: Type.Optional(RollupSchema),
  apps: Type.Optional(Type.Record(Type.String(), AppCapacitySchema)),
});
export type Heartbeat = Static<typeof HeartbeatSchema>;

export const MaintenanceSchema = Type.Object({
  since: millis,
  until: Type.Union([millis, Type.Null()]),
  by: text,
});
/** As parseLabels has them: each is kept, and counted in every roll-up above. */
export const LabelsSchema = Type.Record(
  Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$' }),
  Type.String({ maxLength: 63 }),
  { maxProperties: MOST_LABELS, additionalProperties: false },
);

export const StateSchema = Type.Object({
  v,
  epoch,
  seq: numbered('rises with every state that the node tells of itself within an epoch'),
  rev: numbered('rises with every word that its parent adds to that state'),
  beat: numbered('of such a word: seq of the last heartbeat before it'),
  ts: millis,
  kind: Type.Enum(KINDS),
  app: Type.Optional(app),
  link: Type.Enum(LINKS),
  phase: Type.Optional(Type.Enum(PHASES)),
  health: Type.Optional(Type.Enum(HEALTHS)),
  reason: Type.Optional(text),
  pid: Type.Optional(pid),
  exitCode: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
  signal: Type.Optional(Type.Union([text, Type.Null()])),
  desired: Type.Optional(Type.Enum(DESIRED)),
  labels: Type.Optional(LabelsSchema),
  host: Type.Optional(Type.Object({ name: text, cores: Type.Integer({ minimum: 1 }) })),
  maintenance: Type.Optional(Type.Union([MaintenanceSchema, Type.Null()])),
  insecure: Type.Optional(
    Type.Literal(true, { description: 'strangers can reach it: its owner has said so' }),
  ),
  restartBy: Type.Optional(
    Type.Integer({ minimum: 0, description: 'of a goodbye before a restart: when it means to be back' }),
  ),
  ephemeral: Type.Optional(Type.Literal(true, { description: 'it is forgotten after a goodbye' })),
});
export type State = Static<typeof StateSchema>;

export const EVENT_NAMES = [
  'phase',
  'health',
  'link',
  'misconfigured',
  'refused',
  'malformed',
  'order',
  'logs',
  'uplink',
  'spool',
  'clock',
  'flapping',
  'alert',
  'history',
] as const;
export const EventSchema = Type.Object({
  v,
  epoch,
  seq,
  ts: millis,
  event: Type.String({ maxLength: 64, description: `what it is about: ${EVENT_NAMES.join(', ')}` }),
  path: Type.Optional(
    Type.String({ maxLength: MAX_PATH, description: 'the node concerned, below the one that reports it' }),
  ),
  from: Type.Optional(text),
  to: Type.Optional(text),
  code: Type.Optional(text),
  reason: text,
  since: Type.Optional(millis),
  count: Type.Optional(Type.Integer({ minimum: 1, description: 'how many alike since the last one told' })),
  alert: Type.Optional(ToldAlertSchema),
});
export type NodeEvent = Static<typeof EventSchema>;
export type EventName = (typeof EVENT_NAMES)[number];

export const SelectSchema = Type.Object(
  {
    all: Type.Optional(Type.Literal(true)),
    app: Type.Optional(text),
    path: Type.Optional(text),
    label: Type.Optional(text),
  },
  { additionalProperties: false },
);
const id = Type.String({ minLength: 1, maxLength: 128 });
export const CommandFields = {
  op: Type.String({ minLength: 1, maxLength: 64 }),
  id: Type.Optional(id),
  args: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  select: Type.Optional(SelectSchema),
  pick: Type.Optional(Type.Union([Type.Literal('all'), Type.Integer({ minimum: 0 })])),
  strategy: Type.Optional(text),
  expiresAt: Type.Optional(millis),
  by: Type.Optional(text),
};
export const CommandSchema = Type.Object({ v, ...CommandFields });
export type Command = Static<typeof CommandSchema> & { id: string };

export const RES_STATUSES = [
  'accepted',
  'running',
  'succeeded',
  'failed',
  'rejected',
  'expired',
  'partial',
] as const;
export const ResultSchema = Type.Object({
  v,
  id,
  op: Type.String(),
  status: Type.Enum(RES_STATUSES),
  done: Type.Boolean(),
  ts: millis,
  epoch: Type.Optional(epoch),
  seq: numbered('rises within the epoch of who tells it'),
  error: Type.Optional(Type.Object({ code: Type.String(), message: Type.String() })),
  data: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});
export type Result = Static<typeof ResultSchema>;

const LineSchema = Type.Object({
  seq,
  ts: millis,
  stream: Type.Enum(['stdout', 'stderr'] as const),
  line: Type.String(),
  more: Type.Optional(Type.Literal(true, { description: 'a piece of it: the next with this seq goes on' })),
  unended: Type.Optional(Type.Literal(true, { description: 'the target did not end it' })),
});
const GapSchema = Type.Object({ from: seq, to: seq, reason: Type.String() });
export const LogSchema = Type.Object({
  v,
  epoch: Type.Optional(epoch),
  lines: Type.Optional(Type.Array(LineSchema)),
  gap: Type.Optional(GapSchema),
});
export type LogChunk = Static<typeof LogSchema>;

export interface Payloads {
  hb: Heartbeat;
  state: State;
  evt: NodeEvent;
  cmd: Command;
  res: Result;
  log: LogChunk;
}

export const SCHEMAS = {
  hb: HeartbeatSchema,
  state: StateSchema,
  evt: EventSchema,
  cmd: CommandSchema,
  res: ResultSchema,
  log: LogSchema,
} as const satisfies Record<Channel, Type.TSchema>;
